"""Reading params.yaml, and its error lines."""

from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digits.config.load import parameter, read_params, validate
from digits.config.schema import Classes, Pool, Search, Seeds, Source, Train
from digits.core.errors import UserError
from digits.models.families.cnn import Hyperparameters as Cnn
from digits.models.families.mlp import Hyperparameters as Mlp
from stages.check import params_class
from tests.conftest import error_message

# Some parameters that stages read, with their types.
PARAMETERS: dict[str, Any] = {
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


def error_in(text: str) -> str:
    Path("params.yaml").write_text(text)
    return error_message(lambda: validate(params_class(), read_params()))


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
    ids=["open bracket", "tab", "duplicate key", "tag", "invalid date"],
)
def test_invalid_yaml_is_one_line_with_its_position(text, line):
    assert error_in(text).startswith(f"params.yaml is not YAML{line}")


@pytest.mark.parametrize("text", ["# nothing\n", "- 1\n"])
def test_a_file_without_sections_is_rejected(text):
    assert "has no sections; `git checkout params.yaml`" in error_in(text)


def test_a_missing_file_is_one_line(project):
    (project / "params.yaml").unlink()
    assert "(No such file or directory); run from the project's root" in error_message(read_params)


def test_another_encoding_is_one_line(project):
    (project / "params.yaml").write_bytes("data: {source: größe.npz}".encode("latin-1"))
    assert "params.yaml is not YAML: 'utf-8' codec can't decode byte 0xf6" in error_message(read_params)


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
    ids=["date", "recursion", "bytes", "tag", "surrogate", "list as key", "deep", "long number"],
)
def test_yaml_without_a_json_equivalent_is_one_line(text):
    assert error_in(text).startswith("params.yaml")


def test_numbers_are_read_as_dvc_reads_them():
    Path("params.yaml").write_text("a: 1e-3\nb: 1_000\nc: yes\nd: 010\n")
    assert read_params() == {"a": 0.001, "b": 1000, "c": "yes", "d": 10}


# one parameter


def test_a_stage_validates_only_its_own_sections(change):
    change({"train": {"epochs": 7}, "seeds": [4, 2], "prepare.validation_share": "nonsense"})
    assert parameter(Train, "train") == Train(epochs=7)
    assert parameter(Seeds, "seeds") == (4, 2)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("models.rnn", "models.rnn: missing; available: mlp, cnn"),
        ("trian", "trian: missing; available: models, train"),
        ("train.epochs.first", "train.epochs.first: missing; available: none"),
    ],
)
def test_a_missing_key_lists_the_available_ones(key, line):
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
def test_an_error_is_the_same_for_one_parameter_and_for_the_whole_file(key, value, line):
    message = error_message(validate, PARAMETERS[key], value, key)
    assert message.startswith(f"params.yaml: {line}")
    tree = read_params()
    *sections, last = key.split(".")
    reduce(getitem, sections, tree)[last] = value
    assert error_message(validate, params_class(), tree) == message


@given(st.sampled_from(sorted(PARAMETERS)), TREES)
@example("tune.mlp", {"trials": 1, "rungs": [1], "keep": 1.0, "space": {"units": [[]]}})
@example("models.cnn", {"kernel": True, "": None})
@example("data.source", "\ud800")
def test_any_value_is_valid_or_has_error_lines(key, value):
    try:
        validate(PARAMETERS[key], value, key)
    except UserError as error:
        first, *rest = str(error).split("\n")
        assert first.startswith("params.yaml: ")
        assert all(line.startswith("  params.yaml: ") for line in rest)
