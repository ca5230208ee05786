"""Families are files that users add: how they are loaded, and the errors of invalid ones."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from digits.config.recipe import Recipe
from digits.models import families
from digits.models.build import build
from tests.conftest import ROOT, error_message
from tests.recipes import PLAIN

IMPORT = "from digits.config.recipe import Recipe\n"
CLASS = "class Hyperparameters(Recipe):\n    units: int\n"
BODY = "def body(recipe, inputs):\n    return inputs\n"


@pytest.fixture
def own_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], type[Recipe]]]:
    """Return a function that loads the hyperparameters of a family with the given code."""

    def load(code: str) -> type[Recipe]:
        (tmp_path / "own.py").write_text(code)
        return families.hyperparameters("own")

    monkeypatch.setattr(families, "NAMES", ("own",))
    monkeypatch.setattr(families, "__path__", [str(tmp_path)])
    yield load
    sys.modules.pop("digits.models.families.own", None)


def test_each_file_of_the_folder_is_a_family() -> None:
    assert tuple(sorted(path.stem for path in (ROOT / "digits/models/families").glob("[a-z]*.py"))) == families.NAMES
    assert {families.hyperparameters(name).__module__ for name in families.NAMES} == {
        f"digits.models.families.{name}" for name in families.NAMES
    }


def test_an_unknown_family_is_rejected_with_the_list_of_families() -> None:
    assert f"rnn is not a family; families are {', '.join(families.NAMES)}" in error_message(
        families.hyperparameters, "rnn"
    )


def test_hyperparameters_and_body_make_a_family(own_family: Callable[[str], type[Recipe]]) -> None:
    assert set(own_family(IMPORT + CLASS + BODY).model_fields) == {"units", *Recipe.model_fields}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import nothing_of_this_name\n", "cannot be imported (No module named 'nothing_of_this_name')"),
        ("def body(:\n", "cannot be imported (invalid syntax (own.py, line 1))"),
        (IMPORT + CLASS + "    layers = 2\n", "cannot be imported (A non-annotated attribute"),
        (BODY, "has no class Hyperparameters(Recipe)"),
        ("class Hyperparameters:\n    pass\n" + BODY, "has no class Hyperparameters(Recipe)"),
        (IMPORT + CLASS, "has no function body(recipe, inputs)"),
        (IMPORT + CLASS + "def body(inputs):\n    pass\n", "has no function body(recipe, inputs)"),
        (IMPORT + CLASS + '    rate: "Ratee"\n' + BODY, "cannot be imported (name 'Ratee' is not defined)"),
        ("raise SystemExit('no data')\n", "cannot be imported (no data)"),
    ],
)
def test_an_invalid_family_is_rejected_in_one_line(
    own_family: Callable[[str], type[Recipe]], code: str, error: str
) -> None:
    assert error_message(own_family, code).startswith(f"digits/models/families/own.py {error}")


def test_the_code_of_the_guide_is_a_family(own_family: Callable[[str], type[Recipe]]) -> None:
    guide = (ROOT / "docs/own-network.md").read_text()
    code = dedent(guide.split("```python\n")[1].split("   ```")[0])
    recipe = own_family(code)(filters=2, dropout=0.1, **PLAIN)
    assert build("own", recipe, (8, 8, 1), 4, seed=1).output_shape == (None, 4)
