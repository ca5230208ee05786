"""Trains one model, the same for baseline, tuned and trial: a segment of epochs of a recipe, with a seed, on images.

Nothing here knows who schedules it. TensorFlow is imported by `train`, so that the driver, which schedules trainings
and runs none, starts without it.
"""

import time
from typing import TYPE_CHECKING

from digits.core.errors import reason
from digits.models import runtime
from digits.training.images import Images, StoredImages, open_images
from digits.training.jobs import Segment, SegmentResult, TrainingConfig

if TYPE_CHECKING:
    from digits.training.network import Network

# So long after the last checkpoint, the next is worth its cost: some megabytes on their way to the driver's disk.
SECONDS_BETWEEN_CHECKPOINTS = 5.0

# A training whose next segment is likely to come here, with its epochs done and its images: nothing needs to be built
# or traced again. There is one at most, for a process trains one model at a time.
warm_training: list[tuple["Network", tuple[TrainingConfig, int], Images]] = []


def train(segment: Segment, images: Images | StoredImages) -> SegmentResult:
    """Always returns: an error becomes the result's `failure`, and the driver decides what follows from it."""
    runtime.start(segment.config.runtime)
    from digits.models import keras_file

    config, result = segment.config, SegmentResult()
    started, worked = time.perf_counter(), time.process_time()
    try:
        images = open_images(images)
        network = resume_or_build(segment, images)
        for number in range(segment.done + 1, segment.until + 1):
            logs = network.model.fit(network.batches(number), shuffle=False, verbose=0).history
            result.epochs.append(network.evaluate(number, logs))
            if time.perf_counter() - started > SECONDS_BETWEEN_CHECKPOINTS:
                break
        if number < config.epochs:
            warm_training.append((network, (config, number), images))
        elif segment.keep_model:
            result.model = keras_file.to_bytes(network.model)
        result.state = network.state()
        result.parameters, result.multiply_adds = network.sizes
    except (Exception, SystemExit) as error:  # out of memory, diverged, a mistake in a family's code: all say why
        result = SegmentResult(epochs=result.epochs, failure=reason(error))
    result.seconds, result.core_seconds = time.perf_counter() - started, time.process_time() - worked
    return result


def resume_or_build(segment: Segment, images: Images) -> "Network":
    from digits.training.network import Network

    network, position, seen = warm_training.pop() if warm_training else (None, None, None)
    if position == (segment.config, segment.done) and seen is images:
        return network
    return Network(segment.config, images, segment.state)
