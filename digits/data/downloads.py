"""Bytes from the network: a few tries, limits of time and size, and a clause that says why they did not come."""

import hashlib
import os
import re
import subprocess
import sys

import requests
import urllib3
from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple, UnsupportedRepoVersionError
from requests import exceptions
from requests.adapters import HTTPAdapter

from digits.core.progress import Progress
from digits.data.formats import MOST_BYTES

SECONDS = (4, 15)  # to connect, and between two bytes
# A pause of our own, because a server may ask for hours (Retry-After).
PAUSE = {"backoff_factor": 0.5, "respect_retry_after_header": False}
RETRY = urllib3.Retry(
    2, connect=1, read=False, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False, **PAUSE
)
INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
NO_WEB_ADDRESS = (exceptions.InvalidSchema, exceptions.InvalidURL, exceptions.MissingSchema)
# The first that fits. An error's own text is not passed on, because it may hold an address with a password.
REASONS = (
    (NoSuchProjectError, "it has no such project"),
    (NO_WEB_ADDRESS, "its address is not one of http or https"),
    (exceptions.SSLError, "its certificate is not trusted; REQUESTS_CA_BUNDLE names a file of certificates to trust"),
    (exceptions.ProxyError, "the proxy refused or did not answer"),
    ((exceptions.Timeout, urllib3.exceptions.TimeoutError), "no answer in time"),
    (exceptions.ConnectionError, "no connection: is this machine online?"),
    (urllib3.exceptions.ProtocolError, "the connection broke"),
    ((ValueError, UnsupportedRepoVersionError), "its answer is no page of an index"),
)


class Failed(Exception):
    """Why the bytes did not come, as a clause that ends no sentence."""


def session() -> requests.Session:
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=RETRY))
    return made


def download(url: str) -> bytes:
    # An intermediary that packs what is packed already would change the bytes.
    headers = {"Accept-Encoding": "identity"}
    try:
        with session() as web, web.get(url, headers=headers, timeout=SECONDS, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                raise Failed(f"HTTP {answer.status_code}")
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                raise Failed("a web page came instead of the file")
            return body(answer, url.rpartition("/")[2])
    except (exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise failed(error) from None


def body(answer: requests.Response, label: str) -> bytes:
    received = bytearray()
    with Progress(int(answer.headers.get("Content-Length") or MOST_BYTES), f"download {label}", "B", scale=True) as bar:
        # Not decoded, because a server may call the packing of a .gz file an encoding.
        for chunk in answer.raw.stream(1 << 16, decode_content=False):
            received += chunk
            bar.advance(len(chunk))
            if len(received) > MOST_BYTES:
                raise Failed(f"it sends more than {MOST_BYTES:,} bytes")
    return bytes(received)


def from_package_index(project: str, file: str) -> bytes:
    try:
        with PyPISimple(index_url(), session=session()) as index:
            packages = index.get_project_page(project, timeout=SECONDS).packages
    except (exceptions.RequestException, NoSuchProjectError, UnsupportedRepoVersionError, ValueError) as error:
        raise failed(error) from None
    for package in packages:
        if package.filename == file:
            data = download(package.url)
            if package.digests.get("sha256") not in (None, hashlib.sha256(data).hexdigest()):
                raise Failed(f"{file} does not have the SHA-256 that the index states")
            return data
    raise Failed(f"it lists no file {file}")


def index_url() -> str:
    """The user's own: named by an environment variable, else by pip's configuration, where there is pip."""
    if chosen := next(filter(None, map(os.environ.get, INDEX_VARIABLES)), None):
        return chosen
    # Not `config get`, which leaves out the file that PIP_CONFIG_FILE names.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = dict(re.findall(r"""^(download|global)\.index-url=['"](.+)['"]$""", listed, re.MULTILINE))
    return found.get("download") or found.get("global") or PYPI_SIMPLE_ENDPOINT


def failed(error: Exception) -> Failed:
    if isinstance(error, exceptions.HTTPError):
        return Failed(f"HTTP {error.response.status_code}")
    return Failed(next((clause for kind, clause in REASONS if isinstance(error, kind)), type(error).__name__))
