from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from demo.batches import MOST, Batches


def image(value: int) -> np.ndarray:
    return np.full((2, 2, 1), value, np.uint8)


def mean(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2))


def test_each_gets_the_answer_to_its_own_question():
    batches = Batches({"mean": mean, "double": lambda images: 2 * mean(images)})
    with ThreadPoolExecutor(20) as askers:
        answers = list(askers.map(lambda value: batches.ask(image(value), ("mean", "double"), 10), range(200)))
    assert [(answer["mean"][0], answer["double"][0]) for answer in answers] == [
        (value, 2 * value) for value in range(200)
    ]
    assert batches.ask(image(7), ("double",), 10) == {"double": [14]}


def test_those_who_come_while_the_model_is_at_work_are_asked_about_together():
    sizes, begun, go_on = [], Event(), Event()

    def slow(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        begun.set()
        assert go_on.wait(10)
        return mean(images)

    batches = Batches({"slow": slow})
    with ThreadPoolExecutor(MOST + 11) as askers:
        first = askers.submit(batches.ask, image(0), ("slow",), 10)
        assert begun.wait(10)
        later = [askers.submit(batches.ask, image(1), ("slow",), 10) for _ in range(MOST + 10)]
        while batches.waiting.qsize() < MOST + 10:
            pass
        go_on.set()
        assert all(each.result()["slow"] == [[each is not first]] for each in (first, *later))
    assert sizes == [1, MOST, 10]


def test_a_model_that_fails_is_told_to_those_who_asked_it_and_answers_the_next():
    def moody(images: np.ndarray) -> np.ndarray:
        if (images == 13).any():
            raise ValueError("unlucky")
        return mean(images)

    batches = Batches({"moody": moody})
    with pytest.raises(ValueError, match="unlucky"):
        batches.ask(image(13), ("moody",), 10)
    assert batches.ask(image(12), ("moody",), 10) == {"moody": [12]}


def test_nobody_waits_for_ever():
    stuck = Event()
    batches = Batches({"stuck": lambda images: stuck.wait(10) and mean(images)})
    with pytest.raises(TimeoutError):
        batches.ask(image(0), ("stuck",), 0.05)
    stuck.set()
