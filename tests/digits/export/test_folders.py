from pathlib import Path

import pytest

from digits.export.folders import replacing


def fill(folder: Path, text: str) -> None:
    with replacing(folder) as new:
        (new / "a").mkdir()
        (new / "a/file").write_text(text)


def fail(folder: Path) -> None:
    with replacing(folder) as new:
        (new / "half").write_text("new")
        raise OSError("full")


def content(place: Path) -> dict[str, str]:
    return {str(each.relative_to(place)): each.read_text() for each in place.rglob("*") if each.is_file()}


def test_a_new_folder_takes_the_place_of_one_that_holds_more(tmp_path: Path) -> None:
    fill(tmp_path / "made", "old")
    (tmp_path / "made/more").write_text("old")
    fill(tmp_path / "made", "new")
    assert content(tmp_path) == {"made/a/file": "new"}
    assert [each.name for each in tmp_path.iterdir()] == ["made"]


def test_where_writing_fails_the_old_one_stays_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path / "made", "old")
    with pytest.raises(OSError, match="full"):
        fail(tmp_path / "made")
    assert content(tmp_path) == {"made/a/file": "old"}


def test_what_a_killed_run_was_writing_is_gone_with_the_next(tmp_path: Path) -> None:
    fill(tmp_path / "made", "old")
    (tmp_path / ".made-new").mkdir()
    (tmp_path / ".made-new/half").write_text("killed")
    fill(tmp_path / "made", "new")
    assert content(tmp_path) == {"made/a/file": "new"}


@pytest.mark.parametrize("fails", [True, False])
def test_a_run_killed_amid_the_exchange_loses_nothing(tmp_path: Path, fails: bool) -> None:
    fill(tmp_path / "made", "old")
    (tmp_path / "made").rename(tmp_path / ".made-old")
    if fails:
        with pytest.raises(OSError, match="full"):
            fail(tmp_path / "made")
    else:
        fill(tmp_path / "made", "new")
    assert content(tmp_path) == {"made/a/file": "old" if fails else "new"}


def test_the_old_one_that_a_killed_run_had_replaced_is_removed(tmp_path: Path) -> None:
    fill(tmp_path / "made", "old")
    (tmp_path / ".made-old").mkdir()
    fill(tmp_path / "made", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["made"]
