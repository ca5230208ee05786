"""A family is a file that anybody adds: how it is found, and what is said of one that is wrong."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digits.config.recipe import Recipe
from digits.models import families
from tests.conftest import ROOT, error_message

IMPORT = "from digits.config.recipe import Recipe\n"
CLASS = "class Hyperparameters(Recipe):\n    units: int\n"
BODY = "def body(recipe, inputs):\n    return inputs\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], type[Recipe]]]:
    """The hyperparameters of a family with this code."""

    def written(code: str) -> type[Recipe]:
        (tmp_path / "own.py").write_text(code)
        return families.hyperparameters("own")

    monkeypatch.setattr(families, "NAMES", ("own",))
    monkeypatch.setattr(families, "__path__", [str(tmp_path)])
    yield written
    sys.modules.pop("digits.models.families.own", None)


def test_a_family_is_a_file_of_its_folder() -> None:
    assert tuple(sorted(path.stem for path in (ROOT / "digits/models/families").glob("[a-z]*.py"))) == families.NAMES
    assert {families.hyperparameters(name).__module__ for name in families.NAMES} == {
        f"digits.models.families.{name}" for name in families.NAMES
    }


def test_what_is_no_family_is_told_which_there_are() -> None:
    assert f"rnn is not a family; there are {', '.join(families.NAMES)}" in error_message(
        families.hyperparameters, "rnn"
    )


def test_a_file_needs_hyperparameters_and_a_body_and_nothing_else(own: Callable[[str], type[Recipe]]) -> None:
    assert set(own(IMPORT + CLASS + BODY).model_fields) == {"units", *Recipe.model_fields}


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("import nothing_of_this_name\n", "cannot be imported (No module named 'nothing_of_this_name')"),
        ("def body(:\n", "cannot be imported (invalid syntax (own.py, line 1))"),
        (IMPORT + CLASS + "    layers = 2\n", "cannot be imported (A non-annotated attribute"),
        (BODY, "has no class Hyperparameters(Recipe); see docs/own-network.md"),
        ("class Hyperparameters:\n    pass\n" + BODY, "has no class Hyperparameters(Recipe)"),
        (IMPORT + CLASS, "has no function body(recipe, inputs); see docs/own-network.md"),
        (IMPORT + CLASS + "def body(inputs):\n    pass\n", "has no function body(recipe, inputs)"),
        (IMPORT + CLASS + '    rate: "Ratee"\n' + BODY, "cannot be imported (name 'Ratee' is not defined)"),
        ("raise SystemExit('no data')\n", "cannot be imported (no data)"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(own: Callable[[str], type[Recipe]], code: str, wrong: str) -> None:
    assert error_message(own, code).startswith(f"digits/models/families/own.py {wrong}")
