"""Concurrent requests to the server, with a function in place of the models."""

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
from demo.__main__ import HOST, allowed_hosts, create_waitress, listen
from digits.data.image_files import decode
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded

IMAGE = encoded(next(iter(drawn(1, seed=3))).picture)


@contextmanager
def running(predict: Callable[[np.ndarray, list[str]], dict[str, str]]) -> Iterator[BaseWSGIServer]:
    service = SimpleNamespace(parse_names=lambda _: [], preprocessing=MNIST, predict=predict)
    waitress = create_waitress(app.create_app(service, allowed_hosts(HOST)), listen(HOST, 0))
    loop = Thread(target=waitress.run)
    loop.start()
    try:
        yield waitress
    finally:
        waitress.task_dispatcher.shutdown()
        waitress.trigger.pull_trigger(lambda: close_all(waitress._map))  # ends the loop
        loop.join(10)


def post_image(waitress: BaseWSGIServer) -> requests.Response:
    address = f"http://{HOST}:{waitress.effective_port}/api/predict"
    headers = {"Content-Type": "image/png"}
    return requests.post(address, IMAGE, headers=headers, timeout=30)


def test_no_more_images_are_decoded_at_once_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    n_cores = 3
    free_cores, all_busy = Semaphore(n_cores), Barrier(n_cores)

    def limited_decode(data: bytes) -> object:
        assert free_cores.acquire(blocking=False)
        all_busy.wait(10)
        free_cores.release()
        return decode(data)

    monkeypatch.setattr("os.cpu_count", lambda: n_cores)
    monkeypatch.setattr(app, "decode", limited_decode)
    with running(lambda *_: {}) as waitress, ThreadPoolExecutor(4 * n_cores) as clients:
        responses = list(clients.map(lambda _: post_image(waitress), range(8 * n_cores)))
    assert [response.status_code for response in responses] == [200] * len(responses)


def test_a_request_that_waits_too_long_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    started, finish = Event(), Event()

    def predict(*_: object) -> dict[str, str]:
        started.set()
        assert finish.wait(10)
        return {}

    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(app, "MAX_WAIT", 1)
    with running(predict) as waitress, ThreadPoolExecutor(2) as clients:
        first = clients.submit(post_image, waitress)
        assert started.wait(10)
        second = post_image(waitress)
        finish.set()
        assert first.result().status_code == 200
        assert second.status_code == 503
        assert second.json()["error"].startswith("Too many requests")
        assert post_image(waitress).status_code == 200
