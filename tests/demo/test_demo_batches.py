from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from demo.batches import MOST, Batches


def image(value: int) -> np.ndarray:
    return np.full((2, 2, 1), value, np.uint8)


def mean(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2))


def test_each_request_gets_the_result_for_its_own_image():
    batches = Batches({"mean": mean, "double": lambda images: 2 * mean(images)})
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda value: batches.predict(image(value), ("mean", "double"), 10), range(200)))
    assert [(answer["mean"][0], answer["double"][0]) for answer in answers] == [
        (value, 2 * value) for value in range(200)
    ]
    assert batches.predict(image(7), ("double",), 10) == {"double": [14]}


def test_requests_that_come_while_a_model_works_are_one_batch():
    sizes, begun, go_on = [], Event(), Event()

    def slow(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        begun.set()
        assert go_on.wait(10)
        return mean(images)

    batches = Batches({"slow": slow})
    with ThreadPoolExecutor(MOST + 11) as clients:
        first = clients.submit(batches.predict, image(0), ("slow",), 10)
        assert begun.wait(10)
        later = [clients.submit(batches.predict, image(1), ("slow",), 10) for _ in range(MOST + 10)]
        while batches.queue.qsize() < MOST + 10:
            pass
        go_on.set()
        assert all(each.result()["slow"] == [[each is not first]] for each in (first, *later))
    assert sizes == [1, MOST, 10]


def test_a_model_that_fails_fails_its_batch_and_serves_the_next():
    def moody(images: np.ndarray) -> np.ndarray:
        if (images == 13).any():
            raise ValueError("unlucky")
        return mean(images)

    batches = Batches({"moody": moody})
    with pytest.raises(ValueError, match="unlucky"):
        batches.predict(image(13), ("moody",), 10)
    assert batches.predict(image(12), ("moody",), 10) == {"moody": [12]}


def test_a_request_times_out():
    stuck = Event()
    batches = Batches({"stuck": lambda images: stuck.wait(10) and mean(images)})
    with pytest.raises(TimeoutError):
        batches.predict(image(0), ("stuck",), 0.05)
    stuck.set()
