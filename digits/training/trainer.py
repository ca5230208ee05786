"""The training of one model: baseline, tuned or trial. A call trains a segment of epochs.

It does not depend on how training runs are scheduled. TensorFlow is imported inside `train`, so that the stage's
process, which schedules training runs but trains nothing itself, starts without it.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digits.core.errors import reason
from digits.models import runtime
from digits.training.images import StoredData, TrainingData, open_data
from digits.training.jobs import Segment, SegmentResult, TrainingConfig

if TYPE_CHECKING:
    from digits.training.network import Network

# After this time a segment ends, which saves a checkpoint: some megabytes on the disk of the stage's process.
MAX_SEGMENT_SECONDS = 5.0


@dataclass(frozen=True)
class CachedTraining:
    """A network in memory, and what its next segment must match."""

    network: "Network"
    config: TrainingConfig
    n_epochs: int  # trained so far
    data: TrainingData


class Cache:
    """Keeps the training run whose next segment may come here next: it saves rebuilding and retracing."""

    training: CachedTraining | None = None

    def take(self, segment: Segment, data: TrainingData) -> "Network | None":
        """Empty the cache; return its network if `segment` continues it with the same images."""
        cached, self.training = self.training, None
        if cached is None or cached.data is not data:
            return None
        is_next = (cached.config, cached.n_epochs) == (segment.config, segment.start)
        return cached.network if is_next else None


cache = Cache()


def train(segment: Segment, data: TrainingData | StoredData) -> SegmentResult:
    """Train a segment, or its first epochs where they take long. An error becomes the result's `failure`."""
    runtime.start(segment.config.runtime)
    from digits.models import keras_file

    config, result = segment.config, SegmentResult()
    start_time, start_cpu_time = time.perf_counter(), time.process_time()
    try:
        data = open_data(data)
        network = take_cached_or_build(segment, data)
        for epoch in range(segment.start + 1, segment.end + 1):
            logs = network.model.fit(network.epoch_batches(epoch), shuffle=False, verbose=0).history
            result.epochs.append(network.evaluate(epoch, logs))
            if time.perf_counter() - start_time > MAX_SEGMENT_SECONDS:
                break
        n_epochs = segment.start + len(result.epochs)
        if n_epochs < config.epochs:
            cache.training = CachedTraining(network, config, n_epochs, data)
        elif segment.keep_model:
            result.model = keras_file.to_bytes(network.model)
        result.state = network.state()
        result.n_parameters, result.multiply_adds = network.n_parameters, network.multiply_adds
    except (Exception, SystemExit) as error:  # out of memory, diverged, an error in a family's code
        result = SegmentResult(epochs=result.epochs, failure=reason(error))
    result.seconds, result.cpu_seconds = time.perf_counter() - start_time, time.process_time() - start_cpu_time
    return result


def take_cached_or_build(segment: Segment, data: TrainingData) -> "Network":
    from digits.training.network import Network

    return cache.take(segment, data) or Network(segment.config, data, segment.state)
