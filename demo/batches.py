"""Requests that come at the same time are predicted together: ten images take the models hardly longer than one."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import numpy as np

from digits.serving.predictor import Predictor

MOST = 256  # images in a batch
LINGER = 0.025  # seconds that a batch waits for requests whose images are still being decoded

Probabilities = dict[str, np.ndarray]  # by the model's name
Answer = tuple[np.ndarray, Probabilities]  # with the image


@dataclass(frozen=True)
class Request:
    image: np.ndarray
    models: Sequence[str]
    result: Future[Probabilities] = field(default_factory=Future)


class Batches:
    def __init__(self, models: Mapping[str, Predictor]) -> None:
        self.models = models
        self.queue: SimpleQueue[Request] = SimpleQueue()
        self.decoding = 0  # requests that will soon be in the queue
        self.lock = Lock()
        # No more than there are cores: they would only compete, and each keeps the memory of its largest picture.
        self.decoders = ThreadPoolExecutor(os.cpu_count())
        Thread(target=self.work, daemon=True).start()

    def predict(self, decode: Callable[[], np.ndarray], models: Sequence[str], timeout: float) -> Answer:
        until = time.monotonic() + timeout
        request = Request(self.decoded(decode, timeout), models)
        self.queue.put(request)
        return request.image, request.result.result(until - time.monotonic())

    def decoded(self, decode: Callable[[], np.ndarray], timeout: float) -> np.ndarray:
        with self.lock:
            self.decoding += 1
        image = self.decoders.submit(decode)
        try:
            return image.result(timeout)
        finally:
            image.cancel()  # where nobody waits for it any more
            with self.lock:
                self.decoding -= 1

    def work(self) -> None:
        while True:
            requests = list(self.batch())
            try:
                results = self.results(requests)
            except Exception as error:  # of these requests; the next ones are served
                for request in requests:
                    request.result.set_exception(error)
                continue
            for request, result in zip(requests, results, strict=True):
                request.result.set_result(result)

    def batch(self) -> Iterator[Request]:
        yield self.queue.get()
        until = time.monotonic() + LINGER
        for _ in range(MOST - 1):
            try:
                yield self.queue.get(timeout=max(0.0, until - time.monotonic()) if self.decoding else 0.0)
            except Empty:
                return

    def results(self, requests: list[Request]) -> list[Probabilities]:
        results: list[Probabilities] = [{} for _ in requests]
        for name, predict in self.models.items():
            numbers = [number for number, request in enumerate(requests) if name in request.models]
            if numbers:
                found = predict(np.stack([requests[number].image for number in numbers]))
                for number, probabilities in zip(numbers, found, strict=True):
                    results[number][name] = probabilities
        return results
