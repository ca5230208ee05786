"""Which earlier results a stage reuses, and when it reuses none."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from digits.core.errors import UserError
from digits.core.files import write_json
from digits.core.paths import history_file, model_file, search_file
from digits.training.fingerprint import code_versions, earlier_models, earlier_searches, must_retrain, require_same_code

DEPENDENCY = Path("recipe.json")


@pytest.fixture(autouse=True)
def completed_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A completed stage that runs again, after DVC has removed its outputs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train_tuned")
    DEPENDENCY.write_text("{}")
    model_file("mlp-tuned-1").parent.mkdir(parents=True)
    model_file("mlp-tuned-1").write_bytes(b"model")
    write_json(history_file("mlp-tuned-1"), {"fingerprint": "same"})
    write_json(search_file("mlp"), {"searches": [{"fingerprint": "same"}]})
    write("params.yaml", {"seeds": [1, 2], "pool": {"workers": 2, "threads_per_worker": 1}})
    stage = {
        "cmd": "true",
        "deps": [str(DEPENDENCY)],
        "params": ["seeds", "pool.threads_per_worker"],
        "outs": [str(search_file("mlp")), str(model_file("mlp-tuned-1").parent)],
    }
    write("dvc.yaml", {"stages": {"train_tuned": stage}})
    with Repo.init(no_scm=True) as repo:
        repo.commit(force=True)
    shutil.rmtree("models")


def write(name: str, content: Any) -> None:
    YAML(typ="safe").dump(content, Path(name))


def test_a_stage_without_changes_reuses_nothing() -> None:
    assert must_retrain()
    write(
        "params.yaml", {"seeds": [1, 2], "pool": {"workers": 3, "threads_per_worker": 1}}
    )  # not a parameter of the stage
    assert must_retrain()
    assert (earlier_models({"mlp-tuned-1": "same"}), earlier_searches("mlp")) == ({}, {})


def test_a_stage_without_dvc_reuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    DEPENDENCY.unlink()
    monkeypatch.delenv("DVC_STAGE")
    assert must_retrain()


@pytest.mark.parametrize("params", [{"seeds": [1, 2, 3], "pool": {"threads_per_worker": 1}}, {"seeds": [1, 2]}])
def test_a_stage_with_changed_parameters_reuses_results(params: dict[str, Any]) -> None:
    write("params.yaml", params)
    assert not must_retrain()


@pytest.mark.parametrize("text", ['{"different": true}', None])
def test_a_stage_with_a_changed_file_reuses_results(text: str | None) -> None:
    DEPENDENCY.write_text(text) if text else DEPENDENCY.unlink()
    assert not must_retrain()


def test_results_of_the_same_fingerprint_are_read_from_dvcs_cache() -> None:
    write("params.yaml", {"seeds": [1, 2, 3], "pool": {"threads_per_worker": 1}})
    fingerprints = {"mlp-tuned-1": "same", "mlp-tuned-2": "same"}
    assert earlier_models(fingerprints) == {"mlp-tuned-1": (b"model", {"fingerprint": "same"})}
    assert earlier_models({"mlp-tuned-1": "different"}) == {}
    assert earlier_searches("mlp") == {"same": {"fingerprint": "same"}}
    shutil.rmtree(".dvc/cache")
    assert (earlier_models(fingerprints), earlier_searches("mlp")) == ({}, {})


def test_different_code_on_a_worker_is_rejected_by_name() -> None:
    local = code_versions("mlp")
    require_same_code(local, local | {"more.py": "1"})
    with pytest.raises(UserError, match=r"digits/training/pool\.py is not the same here"):
        require_same_code(local, local | {"digits/training/pool.py": "different"})
