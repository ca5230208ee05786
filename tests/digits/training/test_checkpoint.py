"""What is kept of a training until it has ended."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digits.training.checkpoint import checkpoint
from digits.training.jobs import SegmentResult, TrainingRun
from tests.recipes import config


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def run(**result: object) -> TrainingRun:
    found = TrainingRun("mlp-tuned-1", config())
    if result:
        found.add(SegmentResult(epochs=[{"epoch": 1, "loss": 0.1}], **result))
    return found


@pytest.mark.parametrize("result", [{"state": b"weights", "model": b"model", "parameters": 3}, {"failure": "diverged"}])
def test_what_is_saved_is_restored(result: dict[str, object]) -> None:
    saved, again = run(**result), run()
    with checkpoint("f" * 32) as kept:
        kept.save(saved)
        kept.restore(again)
    assert again == saved


def test_it_stays_when_the_work_ends_in_an_error_and_goes_when_it_ends_well(root: Path) -> None:
    folder = root / ".checkpoints/f"

    def fail() -> None:
        with checkpoint("f") as kept:
            kept.save(run(state=b"weights"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (folder / "mlp-tuned-1.zip").exists()
    with checkpoint("f") as kept:
        again = run()
        kept.restore(again)
        assert again.state == b"weights"
    assert not folder.exists()


def test_many_that_want_the_same_checkpoint_at_once_have_it_one_after_the_other() -> None:
    holders, most = [], []

    def hold(_: int) -> None:
        with checkpoint("f") as kept:
            holders.append(kept)
            kept.save(run(state=b"weights"))
            most.append(len(holders))
            holders.pop()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(hold, range(200)))
    assert most == [1] * 200


@pytest.mark.parametrize("damage", [b"", b"no zip", None])
def test_a_damaged_file_counts_as_absent(damage: bytes | None) -> None:
    with checkpoint("f") as kept:
        kept.save(run(state=b"weights" * 1000))
        file = kept.file(run())
        file.write_bytes(file.read_bytes()[:-500] if damage is None else damage)
        again = run()
        kept.restore(again)
        assert again == run()
