"""Saving and restoring trainings in progress."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digits.training.checkpoint import open_checkpoint_folder
from digits.training.jobs import SegmentResult, TrainingRun
from tests.recipes import config


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def new_run(**result: object) -> TrainingRun:
    run = TrainingRun("mlp-tuned-1", config())
    if result:
        run.add(SegmentResult(epochs=[{"epoch": 1, "loss": 0.1}], **result))
    return run


@pytest.mark.parametrize(
    "result", [{"state": b"weights", "model": b"model", "n_parameters": 3}, {"failure": "diverged"}]
)
def test_a_saved_run_is_restored(result: dict[str, object]) -> None:
    run, restored = new_run(**result), new_run()
    with open_checkpoint_folder("f" * 32) as checkpoints:
        checkpoints.save(run)
        checkpoints.restore(restored)
    assert restored == run


def test_a_checkpoint_is_kept_after_an_error_and_removed_on_success(root: Path) -> None:
    folder = root / ".checkpoints/f"

    def fail() -> None:
        with open_checkpoint_folder("f") as checkpoints:
            checkpoints.save(new_run(state=b"weights"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (folder / "mlp-tuned-1.zip").exists()
    with open_checkpoint_folder("f") as checkpoints:
        restored = new_run()
        checkpoints.restore(restored)
        assert restored.state == b"weights"
    assert not folder.exists()


def test_one_thread_at_a_time_has_a_checkpoint_open() -> None:
    holders, counts = [], []

    def hold(_: int) -> None:
        with open_checkpoint_folder("f") as checkpoints:
            holders.append(checkpoints)
            checkpoints.save(new_run(state=b"weights"))
            counts.append(len(holders))
            holders.pop()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(hold, range(200)))
    assert counts == [1] * 200


@pytest.mark.parametrize("damage", [b"", b"no zip", None])
def test_a_damaged_file_is_ignored(damage: bytes | None) -> None:
    with open_checkpoint_folder("f") as checkpoints:
        checkpoints.save(new_run(state=b"weights" * 1000))
        file = checkpoints.file(new_run())
        file.write_bytes(file.read_bytes()[:-500] if damage is None else damage)
        restored = new_run()
        checkpoints.restore(restored)
        assert restored == new_run()
