import os

from benchmarks.pairs import fresh, interleaved


def test_sides_take_turns_in_being_first_and_stay_paired() -> None:
    called = []

    def side(name: str, number: int) -> str:
        called.append(f"{name}{number}")
        return called[-1]

    pairs = list(interleaved(3, lambda number: side("ours", number), lambda number: side("theirs", number)))
    assert called == ["ours1", "theirs1", "theirs2", "ours2", "ours3", "theirs3"]
    assert pairs == [("ours1", "theirs1"), ("ours2", "theirs2"), ("ours3", "theirs3")]


def test_each_side_can_have_a_process_of_its_own() -> None:
    assert len({os.getpid(), fresh(os.getpid), fresh(os.getpid)}) == 3
