"""The demo's API under load: 50 clients at once, each asking again as soon as it has its answer

The server is `python -m demo`, on the same cores as the clients. Half of the requests carry a drawn picture of
docs/drawings (PNG, 400 × 400), which is decoded, cropped, scaled and centred first; the other half pixels as JSON. The
baseline and the tuned model of the best family answer each. Any other answer than 200 ends it.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable
from urllib.parse import urlsplit

import numpy as np

from benchmarks.run import Row, main
from digits.common.errors import UserError
from digits.common.files import read_array
from digits.common.paths import PREDICTIONS

CLIENTS, REQUESTS, VARIETY = 50, 10_000, 100
DRAWINGS = Path(__file__).parent.parent / "docs/drawings"
Request = tuple[str, bytes]  # the content's type, and the content


def measure(pairs: int, images: int | None) -> list[Row]:
    count = images or REQUESTS
    with served() as address:
        asked = requests()
        ask(address, asked, len(asked))  # once each, before it counts
        found = [under_load(address, asked, count) for _ in range(pairs)]
    rates, middle, slow = np.array(found).T.tolist()
    return [
        Row("requests answered in a second", rates, unit="", note=f"{count:,} from {CLIENTS} clients, no error"),
        Row("time to an answer, median", middle, unit="ms", smaller_is_better=True),
        Row("time to an answer, 99 of 100 within", slow, unit="ms", smaller_is_better=True),
    ]


@contextmanager
def served() -> Iterator[str]:
    with Popen([executable, "-m", "demo"], stdout=PIPE, text=True) as server:
        try:
            words = (word for line in server.stdout for word in line.split())
            if (address := next((word for word in words if word.startswith("http")), None)) is None:
                raise UserError("the demo does not start; what it says stands above")
            yield urlsplit(address).netloc
        finally:
            server.terminate()


def requests() -> list[Request]:
    pixels = read_array(PREDICTIONS / "images.npy")[:VARIETY].squeeze(-1)
    as_json = [("application/json", json.dumps({"pixels": each.tolist()}).encode()) for each in pixels]
    as_png = cycle([("image/png", path.read_bytes()) for path in sorted(DRAWINGS.glob("*.png"))])
    return [each for pair in zip(as_json, as_png, strict=False) for each in pair]


def under_load(address: str, asked: list[Request], count: int) -> tuple[float, float, float]:
    started = time.perf_counter()
    waits = ask(address, asked, count)
    rate = count / (time.perf_counter() - started)
    return rate, *(1000 * np.quantile(waits, [0.5, 0.99]))


def ask(address: str, requests: list[Request], count: int) -> list[float]:
    """The seconds that each answer took."""
    todo, waits = islice(cycle(requests), count), []

    def client(_number: int) -> None:
        connection = HTTPConnection(address)
        for kind, body in todo:
            started = time.perf_counter()
            connection.request("POST", "/api/predict", body, {"Content-Type": kind})
            answer = connection.getresponse()
            said = answer.read()
            waits.append(time.perf_counter() - started)
            if answer.status != 200:
                raise UserError(f"the server said {answer.status}: {said.decode()}")

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, range(CLIENTS)))
    return waits


if __name__ == "__main__":
    main(measure, pairs=5)
