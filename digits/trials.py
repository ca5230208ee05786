"""One trial of a search: a function of (recipe, budget, seed, images) that always returns, also when training fails."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from digits.dataset import Split
from digits.training import Diverged, Epoch, Job, train

Trial = dict[str, Any]


def attempt(job: Job, data: Split, validation: Split, after_epoch: Callable[[Epoch], None]) -> Trial:
    try:
        _, curve = train(job, data, validation, after_epoch)
    except (Diverged, tf.errors.OpError, MemoryError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return {
            "status": "failed",
            "validation_accuracy": None,
            "validation_loss": None,
            "reason": reason,
            "epochs": [],
        }
    last = curve[-1]
    return {
        "status": "completed",
        "validation_accuracy": last["validation_accuracy"],
        "validation_loss": last["validation_loss"],
        "reason": None,
        "epochs": curve,
    }
