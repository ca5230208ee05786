"""The demo's API under load: 50 clients at once, each asking again as soon as it has its answer

The server runs in a process of its own, as `make demo` starts it, on the same cores as the clients. Half of the
requests carry a drawn picture (PNG, 400 × 400), which is decoded, cropped, scaled and centred first; the other half
pixels as JSON. The baseline and the tuned model of the best family answer each. Any other answer than 200 ends it.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from io import BytesIO
from itertools import cycle, islice
from multiprocessing.connection import Connection

import numpy as np
from PIL import Image

from benchmarks import entry
from benchmarks.drawn import drawn
from benchmarks.report import Row
from demo.__main__ import HOST, PORT, PORTS, listening
from digits.common.errors import UserError
from digits.common.files import read_array
from digits.common.paths import PREDICTIONS
from digits.params.load import parameter
from digits.params.schema import Families

CLIENTS, REQUESTS, VARIETY = 50, 10_000, 100


def load(pairs: int, images: int | None) -> list[Row]:
    count, bodies = images or REQUESTS, requests()
    found = np.array([under_load(bodies, count) for _ in range(pairs)])
    rates, middle, slow, share = found.T.tolist()
    return [
        Row("requests answered in a second", rates, unit="", note=f"{count:,} from {CLIENTS} clients, no error"),
        Row("time to an answer, median", middle, unit="ms", smaller_is_better=True),
        Row("time to an answer, 99 of 100 within", slow, unit="ms", smaller_is_better=True),
        Row("share of the time that the models are at work", share, unit="%"),
    ]


def requests() -> list[bytes]:
    pixels = read_array(PREDICTIONS / "images.npy")[:VARIETY].squeeze(-1)
    as_json = posts([json.dumps({"pixels": each.tolist()}).encode() for each in pixels], "application/json")
    as_png = posts([png(each.picture) for each in drawn(VARIETY, seed=1)], "image/png")
    return [each for pair in zip(as_json, as_png, strict=True) for each in pair]


def png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def posts(bodies: list[bytes], kind: str) -> list[bytes]:
    first = f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}"
    return [f"{first}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


def under_load(bodies: list[bytes], count: int) -> tuple[float, float, float, float]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    port = here.recv()
    asyncio.run(ask(port, bodies, CLIENTS))  # once each, before it counts
    at_work = work_of(here)
    started = time.perf_counter()
    waits = asyncio.run(ask(port, bodies, count))
    seconds = time.perf_counter() - started
    share = (work_of(here) - at_work) / seconds
    process.terminate()
    process.join()
    middle, slow = 1000 * np.quantile(waits, [0.5, 0.99])
    return count / seconds, middle, slow, share


def work_of(server: Connection) -> float:
    server.send("seconds?")
    return server.recv()


def serve(clients: Connection) -> None:
    from threading import Thread

    from demo import app, models
    from demo.__main__ import server
    from demo.service import Service

    door = listening(HOST, range(PORT, PORT + PORTS))
    service = Service(models.load(parameter(Families, "families")))
    Thread(target=server(app.create(service, hosts=None), door).run, daemon=True).start()
    clients.send(door.getsockname()[1])
    while clients.recv():
        clients.send(service.batches.seconds)


async def ask(port: int, bodies: list[bytes], count: int) -> list[float]:
    todo = islice(cycle(bodies), count)
    waits: list[float] = []
    await asyncio.gather(*(client(port, todo, waits) for _ in range(CLIENTS)))
    return waits


async def client(port: int, todo: Iterator[bytes], waits: list[float]) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    for body in todo:
        started = time.perf_counter()
        writer.write(body)
        status, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        answer = await reader.readexactly(int(length.split(b":")[1]))
        waits.append(time.perf_counter() - started)
        if not status.startswith(b"HTTP/1.1 200 "):
            raise UserError(f"the server said {status.decode()}: {answer.decode()}")
    writer.close()


if __name__ == "__main__":
    entry.run(load, pairs=3)
