"""When a stage's last result is looked at, and when all is made anew."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from digits.core.errors import UserError
from digits.core.files import write_json
from digits.core.paths import history_file, model_file, search_file
from digits.training.fingerprint import earlier_models, earlier_searches, forced, refuse_others, versions

FILE = Path("recipe.json")


@pytest.fixture(autouse=True)
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage has ended, and runs again: DVC has removed what it made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "train_tuned")
    FILE.write_text("{}")
    model_file("mlp-tuned-1").parent.mkdir(parents=True)
    model_file("mlp-tuned-1").write_bytes(b"model")
    write_json(history_file("mlp-tuned-1"), {"fingerprint": "same"})
    write_json(search_file("mlp"), {"searches": [{"fingerprint": "same"}]})
    write("params.yaml", {"seeds": [1, 2], "pool": {"workers": 2, "threads_per_worker": 1}})
    stage = {
        "cmd": "true",
        "deps": [str(FILE)],
        "params": ["seeds", "pool.threads_per_worker"],
        "outs": [str(search_file("mlp")), str(model_file("mlp-tuned-1").parent)],
    }
    write("dvc.yaml", {"stages": {"train_tuned": stage}})
    with Repo.init(no_scm=True) as repo:
        repo.commit(force=True)
    shutil.rmtree("models")


def write(name: str, content: Any) -> None:
    YAML(typ="safe").dump(content, Path(name))


def test_a_stage_that_runs_though_nothing_has_changed_makes_all_anew() -> None:
    assert forced()
    write("params.yaml", {"seeds": [1, 2], "pool": {"workers": 3, "threads_per_worker": 1}})  # none of its own
    assert forced()
    assert (earlier_models({"mlp-tuned-1": "same"}), earlier_searches("mlp")) == ({}, {})


def test_one_that_runs_without_dvc_makes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    FILE.unlink()
    monkeypatch.delenv("DVC_STAGE")
    assert forced()


@pytest.mark.parametrize("changed", [{"seeds": [1, 2, 3], "pool": {"threads_per_worker": 1}}, {"seeds": [1, 2]}])
def test_one_whose_parameters_have_changed_looks_at_what_is_there(changed: dict[str, Any]) -> None:
    write("params.yaml", changed)
    assert not forced()


@pytest.mark.parametrize("text", ['{"other": true}', None])
def test_nor_one_of_whose_files_one_has_changed(text: str | None) -> None:
    FILE.write_text(text) if text else FILE.unlink()
    assert not forced()


def test_what_is_the_same_is_read_from_dvcs_cache_and_what_is_not_there_is_made() -> None:
    write("params.yaml", {"seeds": [1, 2, 3], "pool": {"threads_per_worker": 1}})
    wanted = {"mlp-tuned-1": "same", "mlp-tuned-2": "same"}
    assert earlier_models(wanted) == {"mlp-tuned-1": (b"model", {"fingerprint": "same"})}
    assert earlier_models({"mlp-tuned-1": "other"}) == {}
    assert earlier_searches("mlp") == {"same": {"fingerprint": "same"}}
    shutil.rmtree(".dvc/cache")
    assert (earlier_models(wanted), earlier_searches("mlp")) == ({}, {})


def test_code_that_differs_between_machines_is_refused_by_name() -> None:
    mine = versions("mlp")
    refuse_others(mine, mine | {"more.py": "1"})
    with pytest.raises(UserError, match=r"digits/training/pool\.py is not the same here and on all workers"):
        refuse_others(mine, mine | {"digits/training/pool.py": "other"})
