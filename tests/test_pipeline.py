"""Check dvc.yaml: each stage lists exactly the code it runs and the parameters it reads."""

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
# No result depends on them: the first two check values that DVC compares itself, the last logs to MLflow.
EXCLUDED_CODE = ("digits/config/", "digits/models/families/__init__.py", "digits/tracking/")
STAGE_CODE = {"check": "digits/", "track": "digits/tracking/"}
FAMILIES = sorted(path.stem for path in (ROOT / "digits/models/families").glob("[a-z]*.py"))
RUNS = [(stage, family) for stage in STAGES for family in (FAMILIES if "matrix" in STAGES[stage] else [""])]


def module_file(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imported_modules(file: Path) -> Iterator[str]:
    """Yield every module that a file imports anywhere, with its parent packages."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:n_parts]) for n_parts in range(1, len(parts) + 1))


def imported_code(*modules: str, exclude: tuple[str, ...] = EXCLUDED_CODE) -> set[str]:
    """Return the files of these modules and of all modules that they import, directly or indirectly."""
    queue, files = list(modules), set()
    while queue:
        file = module_file(queue.pop())
        if file is None or file in files or str(file.relative_to(ROOT)).startswith(exclude):
            continue
        files.add(file)
        queue += imported_modules(file)
    return {str(file.relative_to(ROOT)) for file in files if has_code(file)}


def has_code(file: Path) -> bool:
    """Whether the file has more than a docstring."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(file.read_text()).body)


def parameter_keys(file: Path) -> set[str]:
    """Return the keys of the parameters that a stage reads: "train.epochs" of `parameter(Train, "train.epochs")`."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    keys = (call.args[1] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "parameter")
    return {ast.unparse(key).removeprefix("f").strip("'") for key in keys}


def dependencies(stage: str, family: str = "") -> set[str]:
    return {dep.replace("${item.family}", family) for dep in STAGES[stage]["deps"]}


@pytest.mark.parametrize(("stage", "family"), RUNS)
def test_a_stage_depends_on_exactly_the_code_it_runs(stage: str, family: str) -> None:
    modules = [f"stages.{stage}"]
    if family:
        modules.append(f"digits.models.families.{family}")
    excluded = tuple(code for code in EXCLUDED_CODE if not code.startswith(STAGE_CODE.get(stage, "none")))
    code = imported_code(*modules, exclude=excluded)
    listed = {dep for dep in dependencies(stage, family) if dep.startswith(("digits/", "stages/"))}
    assert [file for file in code if not any(is_within(file, dep) for dep in listed)] == []
    assert [dep for dep in listed if not any(is_within(file, dep) for file in code)] == []


def test_trainings_depend_only_on_code_that_one_of_them_runs() -> None:
    """Otherwise an edit of code that no training runs would train everything again."""
    modules = [f"stages.{stage}" for stage in TRAINING] + [f"digits.models.families.{family}" for family in FAMILIES]
    folders = {"digits/models", "digits/search", "digits/training"}
    files = (str(file.relative_to(ROOT)) for folder in folders for file in (ROOT / folder).rglob("*.py"))
    code = {file for file in files if has_code(ROOT / file) and not file.startswith(EXCLUDED_CODE)}
    assert code <= imported_code(*modules)


@pytest.mark.parametrize(
    ("stage", "code"),
    [("train_baseline", fingerprint.TRAINING), ("train_tuned", fingerprint.TRAINING), ("tune", fingerprint.SEARCH)],
)
def test_a_fingerprint_covers_the_code_that_the_stage_depends_on(stage: str, code: tuple[str, ...]) -> None:
    listed = {dep for dep in dependencies(stage, "cnn") if dep.startswith("digits/")}
    assert listed == {*code, "digits/models/families/cnn.py"}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"check"}))
def test_a_stage_depends_on_exactly_the_parameters_it_reads(stage: str) -> None:
    listed = {name.replace("${item.family}", "{family}") for name in STAGES[stage]["params"]}
    assert listed == parameter_keys(ROOT / f"stages/{stage}.py")


def test_a_stage_has_the_name_of_its_file() -> None:
    commands = {stage: " ".join(values["cmd"].split()[:3]) for stage, values in STAGES.items()}
    files = (path.stem for path in (ROOT / "stages").glob("[a-z]*.py"))
    assert commands == {name: f"python -m stages.{name}" for name in files}


def test_parameters_are_checked_first() -> None:
    assert STAGES["check"]["deps"][0] == "params.yaml"
    assert [next(iter(out)) for out in STAGES["check"]["outs"]] == [STAGES["download"]["deps"][0]]
    assert [stage for stage in STAGES if not upstream(stage)] == ["check"]


def upstream(stage: str) -> set[str]:
    deps = STAGES[stage]["deps"]
    return {name for name in STAGES for out in outs(name) if any(is_within(out, dep) for dep in deps)}


def outs(stage: str) -> list[str]:
    entries = STAGES[stage].get("outs", []) + STAGES[stage].get("metrics", [])
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def test_only_evaluate_reads_the_test_split() -> None:
    assert [stage for stage in STAGES if "data/prepared/test" in dependencies(stage)] == ["evaluate"]
    readers = [path.name for path in (ROOT / "stages").glob("*.py") if 'PREPARED / "test"' in path.read_text()]
    assert readers == ["evaluate.py"]


def test_the_search_does_not_depend_on_epochs_or_seeds_of_trainings() -> None:
    assert not {"train", "train.epochs", "seeds"} & set(STAGES["tune"]["params"])


@pytest.mark.parametrize(
    "module",
    [
        "digits.export.metadata",
        "digits.review.__main__",
        *(f"stages.{stage}" for stage in ("check", "download", "prepare", "compare", "plot")),
    ],
)
def test_stages_that_only_process_files_do_not_import_tensorflow(module: str) -> None:
    modules = {name for file in imported_code(module) for name in imported_modules(ROOT / file)}
    assert not {"tensorflow", "keras", "keras_tuner"} & modules


def test_exports_are_verified_without_code_that_builds_or_trains_networks() -> None:
    model_code = {
        "digits/models/kernels.py",
        "digits/models/keras_file.py",
        "digits/models/build.py",
    }
    assert not model_code & imported_code("digits.export.verify")


@pytest.mark.parametrize(
    ("package", "folder"),
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
def test_a_heavy_package_is_imported_in_one_place(package: str, folder: str | tuple[str, ...]) -> None:
    files = [path for top in ("digits", "stages") for path in (ROOT / top).rglob("*.py")]
    users = [str(path.relative_to(ROOT)) for path in files if package in imported_modules(path)]
    assert users
    assert all(user.startswith(folder) for user in users)
