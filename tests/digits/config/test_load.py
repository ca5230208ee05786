"""Reading params.yaml, and the lines that say what is wrong in it."""

from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digits.config.load import check, parameter, read
from digits.config.schema import Classes, Pool, Search, Seeds, Source, Train
from digits.core.errors import UserError
from digits.models.families.cnn import Hyperparameters as Cnn
from digits.models.families.mlp import Hyperparameters as Mlp
from stages.check import params
from tests.conftest import error_message

# Some of what the stages ask for, each by its key.
ASKED: dict[str, Any] = {
    "data.source": Source,
    "data.classes": Classes,
    "seeds": Seeds,
    "train": Train,
    "pool": Pool,
    "models.cnn": Cnn,
    "tune.seeds": Seeds,
    "tune.mlp": Search[Mlp],
}
WORDS = ["train", "epochs", "units", "space", "min", "max", "log", "mlp", "cnn", "adam", "classes", "filters", "seed"]
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=8,
)


pytestmark = pytest.mark.usefixtures("project")


def unreadable(text: str) -> str:
    Path("params.yaml").write_text(text)
    return error_message(lambda: check(params(), read()))


# the file


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seeds: [1, 2\ntrain: 3\n", " in line 2: expected ',' or ']'"),
        ("train:\n\tepochs: 10\n", " in line 2: found character '\\t'"),
        ("train:\n  epochs: 10\n  epochs: 11\n", ' in line 3: found duplicate key "epochs"'),
        ("train: !ten 10\n", " in line 1: could not determine a constructor for the tag '!ten'"),
        ("train: 2020-13-45\n", ": month must be"),
    ],
    ids=["open bracket", "tab", "key twice", "tag", "no date"],
)
def test_what_is_not_yaml_is_one_line_that_says_where(text, line):
    assert unreadable(text).startswith(f"params.yaml is not YAML{line}")


@pytest.mark.parametrize("text", ["# nothing\n", "- 1\n"])
def test_a_file_without_sections_says_how_to_get_them_back(text):
    assert "holds no sections; `git checkout params.yaml`" in unreadable(text)


def test_a_missing_file_says_where_to_run(project):
    (project / "params.yaml").unlink()
    assert "(No such file or directory); run from the project's root" in error_message(read)


def test_a_file_of_another_encoding_is_no_traceback(project):
    (project / "params.yaml").write_bytes("data: {source: größe.npz}".encode("latin-1"))
    assert "params.yaml is not YAML: 'utf-8' codec can't decode byte 0xf6" in error_message(read)


@pytest.mark.parametrize(
    "text",
    [
        "train: {epochs: 2020-01-01}\n",
        "train: &self {epochs: *self}\n",
        "train: {epochs: !!binary aGk=}\n",
        "train: {epochs: !!bool maybe}\n",
        '{data: {source: "\\ud800"}}\n',
        "? [a, b]\n: 3\n",
        "train: " + "[" * 400 + "]" * 400,
        "train: {epochs: " + "9" * 5_000 + "}\n",
    ],
    ids=["date", "itself", "bytes", "tag", "half a character", "list as key", "deep", "long number"],
)
def test_yaml_that_no_parameter_can_hold_is_said_and_no_traceback(text):
    assert unreadable(text).startswith("params.yaml")


def test_numbers_are_read_as_dvc_reads_them():
    Path("params.yaml").write_text("a: 1e-3\nb: 1_000\nc: yes\nd: 010\n")
    assert read() == {"a": 0.001, "b": 1000, "c": "yes", "d": 10}


# one parameter


def test_a_stage_gets_its_section_and_does_not_look_at_the_others(change):
    change({"train": {"epochs": 7}, "seeds": [4, 2], "prepare.validation_share": "nonsense"})
    assert parameter(Train, "train") == Train(epochs=7)
    assert parameter(Seeds, "seeds") == (4, 2)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("models.rnn", "models.rnn: missing; there is mlp, cnn"),
        ("trian", "trian: missing; there is models, train"),
        ("train.epochs.first", "train.epochs.first: missing; there is no section"),
    ],
)
def test_a_key_that_is_not_there_is_answered_with_those_that_are(key, line):
    Path("params.yaml").write_text("models: {mlp: 1, cnn: 2}\ntrain: {epochs: 3}\n")
    assert error_message(parameter, Train, key) == f"params.yaml: {line}"


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("seeds", [1, 0], "seeds.1 = 0: "),
        ("train", 5, "train = 5: must be a section"),
        ("pool", None, "pool = null: must be a section"),
        ("tune.seeds", 1, "tune.seeds = 1: must be a list"),
    ],
)
def test_a_wrong_parameter_says_the_same_alone_as_in_the_whole_file(key, value, line):
    alone = error_message(check, ASKED[key], value, key)
    assert alone.startswith(f"params.yaml: {line}")
    tree = read()
    *sections, last = key.split(".")
    reduce(getitem, sections, tree)[last] = value
    assert error_message(check, params(), tree) == alone


@given(st.sampled_from(sorted(ASKED)), TREES)
@example("tune.mlp", {"trials": 1, "rungs": [1], "keep": 1.0, "space": {"units": [[]]}})
@example("models.cnn", {"kernel": True, "": None})
@example("data.source", "\ud800")
def test_whatever_stands_in_place_of_a_parameter_is_valid_or_said_in_lines(key, value):
    try:
        check(ASKED[key], value, key)
    except UserError as mistake:
        first, *others = str(mistake).split("\n")
        assert first.startswith("params.yaml: ")
        assert all(line.startswith("  params.yaml: ") for line in others)
