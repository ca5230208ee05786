from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from threading import Event

import numpy as np
import pytest

from demo.batches import MOST, Batches


def image(value: int) -> np.ndarray:
    return np.full((2, 2, 1), value, np.uint8)


def predicted(batches: Batches, value: int, *models: str) -> dict[str, list[int]]:
    given, found = batches.predict(lambda: image(value), models, 10)
    assert (given == value).all()
    return {name: list(answer) for name, answer in found.items()}


def mean(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2))


def test_each_request_gets_the_result_for_its_own_image():
    batches = Batches({"mean": mean, "double": lambda images: 2 * mean(images)})
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda value: predicted(batches, value, "mean", "double"), range(200)))
    assert answers == [{"mean": [value], "double": [2 * value]} for value in range(200)]
    assert predicted(batches, 7, "double") == {"double": [14]}


def test_requests_that_come_while_a_model_works_are_one_batch():
    sizes, begun, go_on = [], Event(), Event()

    def slow(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        begun.set()
        assert go_on.wait(10)
        return mean(images)

    batches = Batches({"slow": slow})
    with ThreadPoolExecutor(MOST + 11) as clients:
        first = clients.submit(predicted, batches, 0, "slow")
        assert begun.wait(10)
        later = [clients.submit(predicted, batches, 1, "slow") for _ in range(MOST + 10)]
        while batches.queue.qsize() < MOST + 10:
            pass
        go_on.set()
        assert all(each.result()["slow"] == [each is not first] for each in (first, *later))
    assert sizes == [1, MOST, 10]


def test_a_model_that_fails_fails_its_batch_and_serves_the_next():
    def moody(images: np.ndarray) -> np.ndarray:
        if (images == 13).any():
            raise ValueError("unlucky")
        return mean(images)

    batches = Batches({"moody": moody})
    with pytest.raises(ValueError, match="unlucky"):
        predicted(batches, 13, "moody")
    assert predicted(batches, 12, "moody") == {"moody": [12]}


def test_a_request_times_out():
    stuck = Event()
    batches = Batches({"stuck": lambda images: stuck.wait(10) and mean(images)})
    with pytest.raises(TimeoutError):
        batches.predict(lambda: image(0), ("stuck",), 0.05)
    stuck.set()


def test_a_picture_that_waits_too_long_for_others_times_out_and_is_never_decoded():
    stuck, decoded = Event(), []
    batches = Batches({"mean": mean})
    with ThreadPoolExecutor(cpu_count()) as clients:
        for _ in range(cpu_count()):
            clients.submit(batches.predict, lambda: stuck.wait(10) and image(0), ("mean",), 10)
        with pytest.raises(TimeoutError):
            batches.predict(lambda: decoded.append(0), ("mean",), 0.05)
        stuck.set()
    assert predicted(batches, 1, "mean") == {"mean": [1]}
    assert not decoded
