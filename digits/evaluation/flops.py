"""What training costs in operations: the same on every machine."""

from collections.abc import Mapping
from typing import Any

# A multiply-add is two operations; the way back through a network is twice as long as the way forth.
FOR_A_MULTIPLY_ADD = 2 * 3


def of_training(multiply_adds: int, images: int, epochs: int) -> int:
    return FOR_A_MULTIPLY_ADD * multiply_adds * images * epochs


def of_search(record: Mapping[str, Any]) -> int:
    # A trial without a network has not trained.
    return sum(
        of_training(trial["multiply_adds"] or 0, record["images"], len(trial["epochs"])) for trial in record["trials"]
    )
