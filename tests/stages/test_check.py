import json
from pathlib import Path

import pytest

from stages import check
from tests.conftest import ROOT, error_message


def test_valid_parameters_are_said_and_described_for_editors(project, stage):
    done = stage("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("check: params.yaml is valid; docs/params.schema.json describes it (")
    committed = (ROOT / "docs/params.schema.json").read_bytes()
    assert (project / "docs/params.schema.json").read_bytes() == committed, "`python -m stages.check` writes it"


def test_all_that_is_wrong_is_said_and_the_schema_stays(project, change, stage):
    (project / "docs").mkdir()
    schema = project / "docs/params.schema.json"
    schema.write_text(json.dumps({"old": True}))
    change({"train.epochs": 0, "families": [], "tune.mlp.space": {"unit": [1, 2]}})
    done = stage("check")
    assert (done.returncode, done.stdout) == (1, "")
    first, *others = done.stderr.splitlines()
    lines = [first.removeprefix("check: error: "), *(line.removeprefix("  ") for line in others)]
    starts = ("families = []: ", "train.epochs = 0: ", 'tune.mlp.space = {"unit": [1, 2]}: ')
    assert all(line.startswith(f"params.yaml: {start}") for line, start in zip(lines, starts, strict=True))
    assert 'unit is none (did you mean "units"?)' in lines[-1]
    assert json.loads(schema.read_text()) == {"old": True}


@pytest.mark.parametrize(
    ("allowed", "wrong", "line"),
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
def test_parameters_that_do_not_go_together_are_one_line(change, allowed, wrong, line):
    change(allowed)
    assert check.main().startswith("params.yaml is valid; ")
    change(wrong)
    assert error_message(check.main).startswith(f"params.yaml: {line}")


def test_only_models_of_families_no_longer_named_are_removed(project):
    kept = ["mlp-baseline/1.keras", "mlp-search.json", "own/x.keras", "notes.txt"]
    stale = ["cnn-tuned/1.keras", "cnn-baseline/2.json", "cnn-search.json", ".12-cnn-search.json"]
    for name in kept + stale:
        path = Path("models", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    check.remove_other_families(("mlp",))
    assert {path for path in Path("models").rglob("*") if path.is_file()} == {Path("models", name) for name in kept}
