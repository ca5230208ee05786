"""Trains one model: baseline, tuned or trial. A call trains a segment of epochs.

It does not depend on how trainings are scheduled. TensorFlow is imported inside `train`, so that the driver, which
schedules trainings and runs none, starts without it.
"""

import time
from typing import TYPE_CHECKING

from digits.core.errors import reason
from digits.models import runtime
from digits.training.images import StoredData, TrainingData, open_data
from digits.training.jobs import Segment, SegmentResult, TrainingConfig

if TYPE_CHECKING:
    from digits.training.network import Network

# A checkpoint sends some megabytes to the driver's disk, so they are at least this far apart.
SECONDS_BETWEEN_CHECKPOINTS = 5.0

# At most one training, which the next segment will probably continue: its network, which need not be built and traced
# again, its position (configuration and number of epochs) and its images.
warm_training: list[tuple["Network", tuple[TrainingConfig, int], TrainingData]] = []


def train(segment: Segment, data: TrainingData | StoredData) -> SegmentResult:
    """Train a segment, or its first epochs where they take long. An error becomes the result's `failure`."""
    runtime.start(segment.config.runtime)
    from digits.models import keras_file

    config, result = segment.config, SegmentResult()
    start_time, start_core_time = time.perf_counter(), time.process_time()
    try:
        data = open_data(data)
        network = resume_or_build(segment, data)
        for number in range(segment.start + 1, segment.end + 1):
            logs = network.model.fit(network.batches(number), shuffle=False, verbose=0).history
            result.epochs.append(network.evaluate(number, logs))
            if time.perf_counter() - start_time > SECONDS_BETWEEN_CHECKPOINTS:
                break
        if number < config.epochs:
            warm_training.append((network, (config, number), data))
        elif segment.keep_model:
            result.model = keras_file.to_bytes(network.model)
        result.state = network.state()
        result.parameters, result.multiply_adds = network.sizes
    except (Exception, SystemExit) as error:  # out of memory, diverged, an error in a family's code
        result = SegmentResult(epochs=result.epochs, failure=reason(error))
    result.seconds, result.core_seconds = time.perf_counter() - start_time, time.process_time() - start_core_time
    return result


def resume_or_build(segment: Segment, data: TrainingData) -> "Network":
    from digits.training.network import Network

    network, position, warm_data = warm_training.pop() if warm_training else (None, None, None)
    if position == (segment.config, segment.start) and warm_data is data:
        return network
    return Network(segment.config, data, segment.state)
