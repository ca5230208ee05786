import json
from pathlib import Path

import pytest

from stages import check
from tests.conftest import ROOT, complaint


def test_valid_parameters_and_the_committed_schema_match(project, stage):
    result = stage("check")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("check: params.yaml is valid; docs/params.schema.json describes it (")
    committed = (ROOT / "docs/params.schema.json").read_bytes()
    assert (project / "docs/params.schema.json").read_bytes() == committed, "`python -m stages.check` writes it"


def test_all_errors_are_reported_and_the_schema_is_kept(project, change, stage):
    (project / "docs").mkdir()
    schema = project / "docs/params.schema.json"
    schema.write_text(json.dumps({"old": True}))
    change({"train.epochs": 0, "families": [], "tune.mlp.space": {"unit": [1, 2]}})
    result = stage("check")
    assert (result.returncode, result.stdout) == (1, "")
    first, *rest = result.stderr.splitlines()
    lines = [first.removeprefix("check: error: "), *(line.removeprefix("  ") for line in rest)]
    starts = ("families = []: ", "train.epochs = 0: ", 'tune.mlp.space = {"unit": [1, 2]}: ')
    assert all(line.startswith(f"params.yaml: {start}") for line, start in zip(lines, starts, strict=True))
    assert 'unit is unknown (did you mean "units"?)' in lines[-1]
    assert json.loads(schema.read_text()) == {"old": True}


@pytest.mark.parametrize(
    ("valid", "invalid", "line"),
    [
        (
            {"seeds": [1, 2, 3], "tune.seeds": [4, 5, 6]},
            {"tune.seeds": [4, 5]},
            "tune.seeds = [4, 5]: must list one seed, or as many as seeds",
        ),
        (
            {"tune.method": "hyperband", "tune.cnn.trials": 9, "tune.cnn.rungs": [1, 4]},
            {"tune.cnn.trials": 8},
            "tune.cnn.trials = 8: must be 9 or more where tune.method is hyperband",
        ),
    ],
    ids=["searches for seeds", "trials for hyperband"],
)
def test_incompatible_parameters_are_one_line(change, valid, invalid, line):
    change(valid)
    assert check.main().startswith("params.yaml is valid; ")
    change(invalid)
    assert complaint(check.main).startswith(f"params.yaml: {line}")


def test_models_of_families_not_in_params_are_removed(project):
    kept = ["mlp-baseline/1.keras", "mlp-search.json", "own/x.keras", "notes.txt"]
    stale = ["cnn-tuned/1.keras", "cnn-baseline/2.json", "cnn-search.json", ".12-cnn-search.json"]
    for name in kept + stale:
        path = Path("models", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    check.remove_other_families(("mlp",))
    assert {path for path in Path("models").rglob("*") if path.is_file()} == {Path("models", name) for name in kept}
