"""Downloads with retries, timeouts and a maximum size. A failure is reported as a short reason."""

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

from digits.core.progress import ProgressBar
from digits.data.formats import MAX_BYTES

TIMEOUT = (4, 15)  # seconds to connect, and between two bytes
# Retry-After is ignored, because a server may ask for hours.
BACKOFF = {"backoff_factor": 0.5, "respect_retry_after_header": False}
RETRY = urllib3.Retry(
    2, connect=1, read=False, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False, **BACKOFF
)
INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
INVALID_URL_ERRORS = (exceptions.InvalidSchema, exceptions.InvalidURL, exceptions.MissingSchema)
# The first entry that matches an error gives the reason. The error's message is not shown, because it may contain a URL
# with a password.
REASONS = (
    (NoSuchProjectError, "it has no such project"),
    (INVALID_URL_ERRORS, "its URL does not begin with http:// or https://"),
    (exceptions.SSLError, "its certificate is not trusted; REQUESTS_CA_BUNDLE names a file of trusted certificates"),
    (exceptions.ProxyError, "the proxy refused the connection or did not respond"),
    ((exceptions.Timeout, urllib3.exceptions.TimeoutError), "no response in time"),
    (exceptions.ConnectionError, "no connection: is this machine online?"),
    (urllib3.exceptions.ProtocolError, "the connection broke"),
    ((ValueError, UnsupportedRepoVersionError), "its response is not a page of a package index"),
)


class DownloadError(Exception):
    """A failed download. The message stands in parentheses after the name of the source, which may be its subject."""


def open_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=RETRY))
    return session


def download(url: str) -> bytes:
    # Without this, a proxy could compress the file again and so change its bytes.
    headers = {"Accept-Encoding": "identity"}
    try:
        with open_session() as session, session.get(url, headers=headers, timeout=TIMEOUT, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise DownloadError(f"HTTP {response.status_code}")
            if response.headers.get("Content-Type", "").startswith("text/html"):
                raise DownloadError("it sent a web page instead of the file")
            return read_body(response, url.rpartition("/")[2])
    except (exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise to_download_error(error) from None


def read_body(response: requests.Response, file_name: str) -> bytes:
    body = bytearray()
    n_bytes = int(response.headers.get("Content-Length") or MAX_BYTES)
    with ProgressBar(n_bytes, f"download {file_name}", "B", unit_scale=True) as bar:
        # Not decoded, because a server may declare the compression of a .gz file as Content-Encoding.
        for chunk in response.raw.stream(1 << 16, decode_content=False):
            body += chunk
            bar.advance(len(chunk))
            if len(body) > MAX_BYTES:
                raise DownloadError(f"it sent more than {MAX_BYTES:,} bytes")
    return bytes(body)


def download_from_index(project: str, file_name: str) -> bytes:
    try:
        with PyPISimple(index_url(), session=open_session()) as index:
            packages = index.get_project_page(project, timeout=TIMEOUT).packages
    except (exceptions.RequestException, NoSuchProjectError, UnsupportedRepoVersionError, ValueError) as error:
        raise to_download_error(error) from None
    for package in packages:
        if package.filename == file_name:
            data = download(package.url)
            if package.digests.get("sha256") not in (None, hashlib.sha256(data).hexdigest()):
                raise DownloadError(f"{file_name} does not have the SHA-256 that the index states")
            return data
    raise DownloadError(f"it lists no file {file_name}")


def index_url() -> str:
    """Return the user's package index: from an environment variable, else from pip's configuration, else PyPI."""
    if url := next(filter(None, map(os.environ.get, INDEX_VARIABLES)), None):
        return url
    # Not `config get`, which ignores the file that PIP_CONFIG_FILE names.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings = dict(re.findall(r"""^(download|global)\.index-url=['"](.+)['"]$""", output, re.MULTILINE))
    return settings.get("download") or settings.get("global") or PYPI_SIMPLE_ENDPOINT


def to_download_error(error: Exception) -> DownloadError:
    if isinstance(error, exceptions.HTTPError):
        return DownloadError(f"HTTP {error.response.status_code}")
    return DownloadError(
        next((text for error_type, text in REASONS if isinstance(error, error_type)), type(error).__name__)
    )
