"""When a stage's last result is looked at, and when all is made anew."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from digits.common.files import write_json
from digits.common.paths import history_file, model_file, search_file
from digits.training.earlier import earlier_models, earlier_searches, forced

FILE, TEXT = Path("models/mlp-search.json"), "{}"


@pytest.fixture(autouse=True)
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage has ended, and runs again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train_tuned@mlp")
    FILE.parent.mkdir()
    FILE.write_text(TEXT)
    write("params.yaml", {"seeds": [1, 2], "pool": {"workers": 2, "threads_per_worker": 1}})
    md5 = hashlib.md5(TEXT.encode(), usedforsecurity=False).hexdigest()
    stage = {
        "deps": [{"path": str(FILE), "md5": md5}, {"path": "models", "md5": "0.dir"}],
        "params": {"params.yaml": {"seeds": [1, 2], "pool.threads_per_worker": 1}},
    }
    write("dvc.lock", {"schema": "2.0", "stages": {"train_tuned@mlp": stage}})


def write(name: str, content: Any) -> None:
    YAML(typ="safe").dump(content, Path(name))


def test_a_stage_that_runs_though_nothing_has_changed_is_forced() -> None:
    assert forced()
    write("params.yaml", {"seeds": [1, 2], "pool": {"workers": 3, "threads_per_worker": 1}})  # none of its own
    assert forced()


@pytest.mark.parametrize("changed", [{"seeds": [1, 2, 3], "pool": {"threads_per_worker": 1}}, {"seeds": [1, 2]}])
def test_one_whose_parameters_have_changed_is_not(changed: dict[str, Any]) -> None:
    write("params.yaml", changed)
    assert not forced()


@pytest.mark.parametrize("text", ['{"other": true}', None])
def test_nor_one_of_whose_files_one_has_changed(text: str | None) -> None:
    FILE.write_text(text) if text else FILE.unlink()
    assert not forced()


@pytest.mark.parametrize("stage", ["train_tuned@cnn", None])
def test_one_that_has_never_ended_or_runs_without_dvc_makes_all(stage: str | None, monkeypatch: Any) -> None:
    monkeypatch.setenv("DVC_STAGE", stage) if stage else monkeypatch.delenv("DVC_STAGE")
    assert forced()


def test_what_is_the_same_is_read_from_dvcs_cache_and_what_is_not_there_is_made(monkeypatch: Any) -> None:
    Path("dvc.lock").unlink()
    for command in ("git init --quiet", "dvc init --quiet"):
        subprocess.run(command.split(), check=True)
    outputs = {"tune": search_file("mlp"), "train_tuned": model_file("mlp-tuned-1").parent}
    stages = {name: {"cmd": "true", "outs": [str(path)]} for name, path in outputs.items()}
    write("dvc.yaml", {"stages": stages})
    model_file("mlp-tuned-1").parent.mkdir()
    model_file("mlp-tuned-1").write_bytes(b"model")
    write_json(history_file("mlp-tuned-1"), {"fingerprint": "same"})
    write_json(search_file("mlp"), {"searches": [{"fingerprint": "same"}]})
    subprocess.run(["dvc", "commit", "--quiet", "--force"], check=True)
    shutil.rmtree("models")
    monkeypatch.setattr("digits.training.earlier.forced", lambda: False)
    wanted = {"mlp-tuned-1": "same", "mlp-tuned-2": "same"}
    assert earlier_models(wanted) == {"mlp-tuned-1": (b"model", {"fingerprint": "same"})}
    assert earlier_models({"mlp-tuned-1": "other"}) == {}
    assert earlier_searches("mlp") == {"same": {"fingerprint": "same"}}
    shutil.copytree(".", "clone", ignore=shutil.ignore_patterns("cache", "tmp"))
    monkeypatch.chdir("clone")
    assert (earlier_models(wanted), earlier_searches("mlp")) == ({}, {})
