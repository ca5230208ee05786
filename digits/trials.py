"""One trial of a search: a function of (recipe, budget, seed, images) that always returns, also when training fails."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from digits.dataset import Split
from digits.training import Diverged, Epoch, Job, train

Trial = dict[str, Any]


def attempt(job: Job, data: Split, validation: Split, after_epoch: Callable[[Epoch], None]) -> Trial:
    curve: list[Epoch] = []

    def seen(epoch: Epoch) -> None:
        curve.append(epoch)
        after_epoch(epoch)

    try:
        train(job, data, validation, seen)
    except (Diverged, tf.errors.OpError, MemoryError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        outcome = {"status": "failed", "validation_accuracy": None, "validation_loss": None, "reason": reason}
    else:
        result = {measure: curve[-1][measure] for measure in ("validation_accuracy", "validation_loss")}
        outcome = {"status": "completed"} | result | {"reason": None}
    return outcome | {"epochs": curve}
