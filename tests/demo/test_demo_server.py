"""Requests that wait for the server's threads, with a function in place of the models."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Semaphore, Thread
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from waitress.server import BaseWSGIServer
from waitress.wasyncore import close_all

from demo import app
from demo.__main__ import HOST, hosts, listening, server
from digits.data.image_files import decode
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded

PICTURE = encoded(next(iter(drawn(1, seed=3))).picture)
TOO_MANY = {"error": "too many requests at once; try again in a moment"}


@contextmanager
def running(predict: Callable[[np.ndarray, list[str]], dict[str, str]]) -> Iterator[BaseWSGIServer]:
    service = SimpleNamespace(names=lambda _: [], preprocessing=MNIST, predict=predict)
    waitress = server(app.create(service, hosts(HOST)), listening(HOST, 0))
    loop = Thread(target=waitress.run)
    loop.start()
    try:
        yield waitress
    finally:
        waitress.task_dispatcher.shutdown()
        waitress.trigger.pull_trigger(lambda: close_all(waitress._map))  # which ends the loop
        loop.join(10)


def ask(waitress: BaseWSGIServer) -> requests.Response:
    address = f"http://{HOST}:{waitress.effective_port}/api/predict"
    headers = {"Content-Type": "image/png"}
    return requests.post(address, PICTURE, headers=headers, timeout=30)


def test_as_many_pictures_are_decoded_at_once_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = 3
    free, all_busy = Semaphore(cores), Barrier(cores)

    def counted(data: bytes) -> object:
        assert free.acquire(blocking=False)
        all_busy.wait(10)
        free.release()
        return decode(data)

    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr(app, "decode", counted)
    with running(lambda *_: {}) as waitress, ThreadPoolExecutor(4 * cores) as clients:
        responses = list(clients.map(lambda _: ask(waitress), range(8 * cores)))
    assert [response.status_code for response in responses] == [200] * len(responses)


def test_a_request_that_waited_too_long_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finish = Event(), Event()

    def predict(*_: object) -> dict[str, str]:
        begun.set()
        assert finish.wait(10)
        return {}

    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(app, "MAX_WAIT", 1)
    with running(predict) as waitress, ThreadPoolExecutor(2) as clients:
        first = clients.submit(ask, waitress)
        assert begun.wait(10)
        second = ask(waitress)
        finish.set()
        assert first.result().status_code == 200
        assert (second.status_code, second.json()) == (503, TOO_MANY)
        assert ask(waitress).status_code == 200
