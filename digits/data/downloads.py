"""Bytes from the network, within limits: no long wait, no endless body, no second try at what is hopeless."""

import ast
import hashlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import requests
import urllib3
from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple, UnsupportedRepoVersionError

from digits.common.progress import Progress

T = TypeVar("T")
CHUNK = 1 << 16
OVERLOADED = (429, 500, 502, 503, 504)
REFUSALS = (NoSuchProjectError, UnsupportedRepoVersionError)
INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


class Failed(Exception):
    """Why the bytes did not come, as a clause that ends no sentence."""


class Passing(Failed):
    """A fault that may be gone in a second."""


@dataclass(frozen=True)
class Limits:
    connect_seconds: float = 4
    # A name with many addresses costs connect_seconds for each, and looking a name up has no limit of its own.
    answer_seconds: float = 10
    silence_seconds: float = 15
    least_bytes_per_second: float = 5_000
    most_bytes: int = 128 << 20
    retries: int = 2
    pause_seconds: float = 1

    def timeout(self) -> tuple[float, float]:
        return self.connect_seconds, self.silence_seconds


def download(url: str, limits: Limits) -> bytes:
    def once() -> bytes:
        # An intermediary that packs what is packed already would change the bytes.
        headers = {"Accept-Encoding": "identity"}
        get = partial(requests.get, url, headers=headers, timeout=limits.timeout(), stream=True)
        with within(limits.answer_seconds, get) as answer:
            refuse_what_is_no_file(answer)
            return body(answer, url.rpartition("/")[2], limits)

    return patiently(limits, once)


def patiently(limits: Limits, call: Callable[[], T]) -> T:
    """Again after a fault that may pass; at once with a clear reason after any other."""
    attempt = 0
    while True:
        try:
            return call()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, *REFUSALS, Failed) as error:
            failed = fault(error)
            if attempt == limits.retries or not isinstance(failed, Passing):
                raise failed from None
        attempt += 1
        time.sleep(limits.pause_seconds)


def refuse_what_is_no_file(answer: requests.Response) -> None:
    answer.raise_for_status()
    if answer.status_code != 200:
        raise Failed(f"HTTP {answer.status_code}")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise Failed("a web page came instead of the file")


def body(answer: requests.Response, label: str, limits: Limits) -> bytes:
    promised = int(answer.headers.get("Content-Length") or 0)
    if promised > limits.most_bytes:
        raise Failed(f"it would send {promised:,} bytes, more than {limits.most_bytes:,}")
    received = bytearray()
    started = time.monotonic()
    with Progress(promised or limits.most_bytes, f"download {label}", "B", scale=True) as progress:
        # Unlike iter_content, read1 returns what is there, so that a trickle is noticed; and undecoded it leaves
        # a .gz file packed although the server may call that an encoding.
        while chunk := answer.raw.read1(CHUNK, decode_content=False):
            received += chunk
            progress.advance(len(chunk))
            if len(received) > limits.most_bytes:
                raise Failed(f"it sends more than {limits.most_bytes:,} bytes")
            seconds = time.monotonic() - started
            if seconds > limits.silence_seconds and len(received) < seconds * limits.least_bytes_per_second:
                raise Failed(f"only {len(received):,} bytes in {seconds:.0f} s")
    return bytes(received)


def from_package_index(project: str, file: str, limits: Limits, endpoint: str | None = None) -> bytes:
    with PyPISimple(endpoint or index_url()) as index:
        get = partial(index.get_project_page, project, timeout=limits.timeout())
        page = patiently(limits, partial(within, limits.answer_seconds, get))
    for package in page.packages:
        if package.filename == file:
            data = download(package.url, limits)
            expected = package.digests.get("sha256")
            if expected not in (None, hashlib.sha256(data).hexdigest()):
                raise Failed(f"{file} does not have the SHA-256 that the index states")
            return data
    raise Failed(f"it lists no file {file}")


def index_url() -> str:
    chosen = next(filter(None, map(os.environ.get, INDEX_VARIABLES)), None)
    return chosen or index_url_of_pip() or PYPI_SIMPLE_ENDPOINT


def index_url_of_pip() -> str | None:
    """From pip's configuration files; an environment made by uv has no pip to ask."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    value = settings.get("download.index-url") or settings.get("global.index-url")
    return str(ast.literal_eval(value)) if value else None


def within(seconds: float, call: Callable[[], T]) -> T:
    """Look-ups of names cannot be interrupted, so they get a thread that can be left behind."""
    outcome: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:
            outcome.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise Failed(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return value


def fault(error: Exception) -> Failed:
    text = " ".join(str(error).split())
    match error:
        case Failed():
            return error
        case requests.HTTPError(response=response):
            kind = Passing if response.status_code in OVERLOADED else Failed
            return kind(f"HTTP {response.status_code}")
        case NoSuchProjectError():
            return Failed(f"it has no project {error.project}")
        # Its text is not passed on: it may hold the address, and that a password.
        case (
            requests.exceptions.InvalidSchema() | requests.exceptions.InvalidURL() | requests.exceptions.MissingSchema()
        ):
            return Failed("its address is not one of http or https")
        case requests.exceptions.SSLError():
            return Failed("its certificate is not trusted; REQUESTS_CA_BUNDLE names a file of certificates to trust")
        case requests.exceptions.ProxyError():
            return Failed("the proxy refused or did not answer")
        case requests.ConnectTimeout():
            return Failed("no connection in time")
        case requests.Timeout() | urllib3.exceptions.TimeoutError():
            return Failed("it fell silent")
        case requests.ConnectionError() if "resolve" in text.lower():
            return Failed("its name is not known here: is there a connection to the internet?")
        case requests.ConnectionError() if "refused" in text:
            return Failed("connection refused")
        case requests.ConnectionError() | urllib3.exceptions.ProtocolError():
            return Passing("the connection broke")
    return Failed(text[:120] or type(error).__name__)
