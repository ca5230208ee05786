"""dvc.yaml against the code: each stage names the code it runs and the parameters it reads, no more and no less."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from digits.training import fingerprint

ROOT = Path(__file__).parent.parent
STAGES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
TRAINING = ("train_baseline", "tune", "train_tuned")
# No result depends on them: the first two check values that DVC compares itself, the last shows trainings in MLflow.
WITHOUT_INFLUENCE = ("digits/config/", "digits/models/families/__init__.py", "digits/tracking/")
BUT_FOR = {"check": "digits/", "track": "digits/tracking/"}
FAMILIES = sorted(path.stem for path in (ROOT / "digits/models/families").glob("[a-z]*.py"))
RUNS = [(stage, family) for stage in STAGES for family in (FAMILIES if "matrix" in STAGES[stage] else [""])]


def file_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imported(file: Path) -> Iterator[str]:
    """Every module a file names in an import, wherever it stands, with the packages that lead to it."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def code_of(*modules: str, beyond: tuple[str, ...] = WITHOUT_INFLUENCE) -> set[str]:
    todo, seen = list(modules), set()
    while todo:
        file = file_of(todo.pop())
        if file is None or file in seen or str(file.relative_to(ROOT)).startswith(beyond):
            continue
        seen.add(file)
        todo += imported(file)
    return {str(file.relative_to(ROOT)) for file in seen if has_code(file)}


def has_code(file: Path) -> bool:
    """Beyond the docstring that says what a package is for."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(file.read_text()).body)


def parameters_of(file: Path) -> set[str]:
    """The keys that a stage asks for: `parameter(Kind, "key")`."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    asked = (call.args[1] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "parameter")
    return {ast.unparse(key).removeprefix("f").strip("'") for key in asked}


def listed(stage: str, family: str = "") -> set[str]:
    return {dep.replace("${item.family}", family) for dep in STAGES[stage]["deps"]}


@pytest.mark.parametrize(("stage", "family"), RUNS)
def test_a_stage_depends_on_the_code_it_runs_and_on_no_file_or_folder_without_any(stage: str, family: str) -> None:
    modules = [f"stages.{stage}"]
    if family:
        modules.append(f"digits.models.families.{family}")
    left_out = tuple(code for code in WITHOUT_INFLUENCE if not code.startswith(BUT_FOR.get(stage, "none")))
    run = code_of(*modules, beyond=left_out)
    named = {dep for dep in listed(stage, family) if dep.startswith(("digits/", "stages/"))}
    assert [file for file in run if not any(lies_in(file, dep) for dep in named)] == []
    assert [dep for dep in named if not any(lies_in(file, dep) for file in run)] == []


def test_trainings_depend_on_no_code_that_none_of_them_runs() -> None:
    """Else an edit elsewhere would train everything anew."""
    modules = [f"stages.{stage}" for stage in TRAINING] + [f"digits.models.families.{family}" for family in FAMILIES]
    rooms = {"digits/models", "digits/search", "digits/training"}
    files = (str(file.relative_to(ROOT)) for room in rooms for file in (ROOT / room).rglob("*.py"))
    held = {file for file in files if has_code(ROOT / file) and not file.startswith(WITHOUT_INFLUENCE)}
    assert held <= code_of(*modules)


@pytest.mark.parametrize(
    ("stage", "code"),
    [("train_baseline", fingerprint.TRAINING), ("train_tuned", fingerprint.TRAINING), ("tune", fingerprint.SEARCH)],
)
def test_a_fingerprint_is_of_the_code_that_the_stage_depends_on(stage: str, code: tuple[str, ...]) -> None:
    named = {dep for dep in listed(stage, "cnn") if dep.startswith("digits/")}
    assert named == {*code, "digits/models/families/cnn.py"}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"check"}))
def test_a_stage_depends_on_exactly_the_parameters_it_reads(stage: str) -> None:
    named = {name.replace("${item.family}", "{family}") for name in STAGES[stage]["params"]}
    assert named == parameters_of(ROOT / f"stages/{stage}.py")


def test_a_stage_is_named_after_its_file() -> None:
    commands = {stage: " ".join(values["cmd"].split()[:3]) for stage, values in STAGES.items()}
    files = (path.stem for path in (ROOT / "stages").glob("[a-z]*.py"))
    assert commands == {name: f"python -m stages.{name}" for name in files}


def test_parameters_are_checked_before_anything_else_runs() -> None:
    assert STAGES["check"]["deps"][0] == "params.yaml"
    assert [next(iter(out)) for out in STAGES["check"]["outs"]] == [STAGES["download"]["deps"][0]]
    assert [stage for stage in STAGES if not upstream(stage)] == ["check"]


def upstream(stage: str) -> set[str]:
    return {other for other in STAGES for out in outs(other) if any(lies_in(out, dep) for dep in STAGES[stage]["deps"])}


def outs(stage: str) -> list[str]:
    named = STAGES[stage].get("outs", []) + STAGES[stage].get("metrics", [])
    return [out if isinstance(out, str) else next(iter(out)) for out in named]


def lies_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def test_only_evaluate_opens_the_test_split() -> None:
    assert [stage for stage in STAGES if "data/prepared/test" in listed(stage)] == ["evaluate"]
    readers = [path.name for path in (ROOT / "stages").glob("*.py") if 'PREPARED / "test"' in path.read_text()]
    assert readers == ["evaluate.py"]


def test_the_search_does_not_depend_on_how_long_models_are_trained() -> None:
    assert not {"train", "train.epochs", "seeds"} & set(STAGES["tune"]["params"])


@pytest.mark.parametrize(
    "module",
    [
        "digits.export.metadata",
        "digits.review.__main__",
        *(f"stages.{stage}" for stage in ("check", "download", "prepare", "compare", "plot")),
    ],
)
def test_what_only_reads_and_writes_files_does_without_tensorflow(module: str) -> None:
    named = {name for file in code_of(module) for name in imported(ROOT / file)}
    assert not {"tensorflow", "keras", "keras_tuner"} & named


def test_exports_are_reloaded_without_the_code_that_builds_and_trains_networks() -> None:
    ours = {
        "digits/models/kernels.py",
        "digits/models/keras_file.py",
        "digits/models/build.py",
    }
    assert not ours & code_of("digits.export.verify")


@pytest.mark.parametrize(
    ("package", "room"),
    [
        ("matplotlib", "digits/report/figures/"),
        ("mlflow", "digits/tracking/"),
        ("keras_tuner", "digits/search/oracle.py"),
        ("distributed", ("digits/training/pool.py", "digits/training/cluster.py", "digits/training/gpus.py")),
        ("pyarrow", "digits/data/tables.py"),
        ("requests", "digits/data/downloads.py"),
        ("dvc", ("digits/review/", "digits/training/fingerprint.py")),
    ],
)
def test_a_heavy_package_has_one_room(package: str, room: str) -> None:
    files = [path for folder in ("digits", "stages") for path in (ROOT / folder).rglob("*.py")]
    users = [str(path.relative_to(ROOT)) for path in files if package in imported(path)]
    assert users
    assert all(user.startswith(room) for user in users)
