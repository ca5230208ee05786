"""The API of a running demo, asked over HTTP."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from itertools import cycle, islice
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import requests
from PIL import Image
from werkzeug.exceptions import RequestEntityTooLarge, UnprocessableEntity

from demo import pixels, service
from demo.__main__ import HOST, PORT, PORTS, listening, main, train_what_is_missing
from digits.data.image_files import MAX_BYTES
from digits.data.preprocessing import preprocess
from tests.conftest import ENVIRONMENT, complaint, run_module
from tests.demo.conftest import terminal
from tests.drawings import DIGITS
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded
from tests.servers import free_port, running

pytestmark = pytest.mark.slow

CLIENTS = 50
PAGES = list(drawn(20, seed=3))
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}
GOOD = encoded(PAGES[0].picture)


@pytest.fixture
def ask(demo: str) -> Callable[..., requests.Response]:
    def post(data: object = None, headers: dict[str, str] = PNG, query: str = "", **more: object) -> requests.Response:
        return requests.post(f"{demo}/api/predict{query}", data=data, headers=headers, timeout=30, **more)

    return post


def test_the_models_come_with_results_and_reports(demo):
    told = requests.get(f"{demo}/api/models", timeout=30).json()
    assert [model["name"] for model in told["models"]] == ["mlp-baseline", "mlp-tuned", "cnn-baseline", "cnn-tuned"]
    assert (told["classes"], told["shape"]) == (DIGITS, [28, 28, 1])
    assert told["default"] in (["mlp-baseline", "mlp-tuned"], ["cnn-baseline", "cnn-tuned"])
    assert told["models"][3]["verdict"].startswith("better on ")
    for report in told["reports"]:
        assert requests.get(demo + report["href"], timeout=30).status_code == 200
    assert requests.get(f"{demo}/healthz", timeout=30).json() == {"status": "ok"}


def test_the_api_predicts_as_the_command_does(ask, drawers, tmp_path):
    for number, page in enumerate(PAGES):
        page.picture.save(tmp_path / f"{number:02}.png")
    done = run_module("digits", "predict", tmp_path, "--json", "--model", "cnn-tuned", cwd=drawers)
    for page, predicted in zip(PAGES, json.loads(done.stdout)["pictures"], strict=True):
        [answer] = ask(encoded(page.picture), query="?models=cnn-tuned").json()["answers"]
        assert answer["class"] == predicted["class"]
        assert answer["probabilities"] == pytest.approx(list(predicted["probabilities"].values()), abs=2e-6)


def test_a_file_a_form_and_pixels_get_the_same_answer(ask):
    told = ask(GOOD).json()
    assert told["agree"] == (len({answer["class"] for answer in told["answers"]}) == 1)
    image = preprocess(PAGES[0].picture, MNIST)[..., 0].tolist()
    assert told["input"] == image
    assert ask(headers={}, files={"image": ("zero.png", GOOD)}).json() == told
    assert ask(json.dumps({"pixels": image}), JSON).json() == told


def test_disagreements_agree_with_the_stored_predictions(demo, drawers):
    told = requests.get(f"{demo}/api/disagreements?family=mlp", timeout=30).json()
    answers = {
        name: np.load(drawers / f"data/predictions/mlp-{name}-1.npy").argmax(1) for name in ("baseline", "tuned")
    }
    labels, images = (np.load(drawers / f"data/predictions/{name}.npy") for name in ("labels", "images"))
    differ = answers["baseline"] != answers["tuned"]
    right = {name: ((answer == labels) & differ).sum() for name, answer in answers.items()}
    assert told["right"] == right | {"neither": differ.sum() - sum(right.values())}
    assert [each["index"] for each in told["images"]] == np.flatnonzero(differ)[:24].tolist() != []
    for each in told["images"]:
        assert [each[name] for name in answers] == [str(answer[each["index"]]) for answer in answers.values()]
        assert each["label"] == str(labels[each["index"]])
        assert each["pixels"] == images[each["index"], ..., 0].tolist()


NAN = json.dumps({"pixels": [[float("nan")] * 28] * 28})
INFINITE = NAN.replace("NaN", "1e999")
BAD = {
    "nothing": (b"", {}, 415, "the body must be image/png, image/jpeg, a form with a file named image, or JSON"),
    "another kind": (b"GIF89a", {"Content-Type": "image/gif"}, 415, "the body must be image/png"),
    "text": (b"hello", PNG, 422, "this picture cannot be used: it is neither a PNG nor a JPEG image"),
    "blank": (encoded(Image.new("L", (9, 9))), PNG, 422, "this picture cannot be used: nothing is drawn on it"),
    "20 MB": (bytes(MAX_BYTES + 2**17), PNG, 413, "a picture may have 20 MB"),
    "a byte more": (bytes(MAX_BYTES + 1), PNG, 413, "a picture may have 20 MB"),
    "no JSON": (b"{", JSON, 400, "the body cannot be read as JSON: "),
    "deep JSON": (b"[" * 100_000, JSON, 400, "the body cannot be read as JSON: "),
    "no text": (b"\xff\xfe", JSON, 400, "the body cannot be read as JSON: "),
    "long JSON": (b" " * (2**20 + 1), JSON, 413, "the JSON is longer than 1 MB"),
    "other JSON": (b"[]", JSON, 422, "the JSON must be an object with pixels and nothing else"),
    "more JSON": (b'{"pixels": [], "more": 1}', JSON, 422, "the JSON must be an object with pixels and nothing else"),
    "NaN": (NAN, JSON, 400, "the body cannot be read as JSON: NaN is not allowed"),
    "infinite": (INFINITE, JSON, 422, "each of the pixels must be from 0 to 255"),
    "too bright": (json.dumps({"pixels": [[256] * 28] * 28}), JSON, 422, "each of the pixels must be from 0 to 255"),
    "wrong size": (b'{"pixels": [[0, 0], [0, 0]]}', JSON, 422, "pixels must be 28 rows of 28 numbers, not 2 × 2; a"),
    "no pixels": (b'{"pixels": 7}', JSON, 422, "pixels must be 28 rows of 28 numbers, not a single number"),
    "ragged": (b'{"pixels": [[0, 0], [0]]}', JSON, 422, "pixels must be 28 rows of 28 numbers; the rows here are not"),
    "words": (b'{"pixels": [["a"]]}', JSON, 422, "pixels must be 28 rows of 28 numbers; here is something else"),
    "true": (json.dumps({"pixels": [[True] * 28] * 28}), JSON, 422, "pixels must be 28 rows of 28 numbers; here"),
    "huge": (json.dumps({"pixels": [[10**400] * 28] * 28}), JSON, 422, "each of the pixels must be from 0 to 255"),
    "no file": (b"", {"Content-Type": "multipart/form-data; boundary=x"}, 422, "the form has no file named image"),
}


@pytest.mark.parametrize(("data", "headers", "status", "error"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_in_one_sentence(ask, data, headers, status, error):
    answer = ask(data, headers)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert answer.json()["error"].startswith(error)
    assert not re.search(r"Traceback|File \"|/\w+/\w+\.py|\n", answer.json()["error"])


def test_one_long_text_among_many_takes_no_memory_for_each():
    """NumPy's array of texts would be of 240 GB."""
    data = json.dumps({"pixels": ["a" * 500_000, *[""] * 120_000]}).encode()
    with pytest.raises(UnprocessableEntity, match="here is something else among them"):
        pixels.read(data, (28, 28, 1))


def test_while_test_images_are_predicted_there_are_no_disagreements(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "PREDICTIONS", tmp_path)  # where labels and images come last
    pair = {"baseline": "mlp-baseline-1", "tuned": "mlp-tuned-1"}
    for name in pair.values():
        np.save(tmp_path / f"{name}.npy", np.eye(2))
    assert service.disagreements(pair, ("a", "b")) == {"right": {}, "images": []}


def test_the_json_of_the_largest_images_is_not_too_long():
    image = np.full((512, 512, 3), 255, np.uint8)
    data = json.dumps({"pixels": pixels.rows(image)}).encode()
    assert (pixels.read(data, image.shape) == image).all()
    with pytest.raises(RequestEntityTooLarge, match="longer than 6 MB"):
        pixels.read(data + bytes(2 * len(data)), image.shape)


def test_unknown_models_paths_and_methods_are_refused(demo, ask):
    assert ask(GOOD, query="?models=cnn-best").json()["error"].startswith("models holds 'cnn-best'; there are mlp-base")
    reports = ("/reports/../params.yaml", "/reports/comparison.html", "/reports/none.md")
    for path in ("/nothing", "/static/../app.py", *reports):
        answer = requests.Session().send(raw(f"{demo}{path}"), timeout=30)
        assert (answer.status_code, list(answer.json())) == (404, ["error"]), path
    assert requests.put(f"{demo}/api/predict", timeout=30).status_code == 405
    assert requests.get(f"{demo}/api/disagreements?family=rnn", timeout=30).status_code == 422


def raw(url: str) -> requests.PreparedRequest:
    """With its dots."""
    prepared = requests.Request("GET", url).prepare()
    prepared.url = url
    return prepared


def test_a_request_to_another_host_name_is_refused(demo):
    """As a page elsewhere makes a browser send, once its name leads to this machine."""
    answer = requests.get(f"{demo}/api/models", headers={"Host": "example.org"}, timeout=30)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_responses_restrict_what_the_page_may_do(demo):
    for path in ("/healthz", "/api/models", "/nothing"):
        headers = requests.get(demo + path, timeout=30).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


def test_50_clients_at_once_each_get_the_predictions_for_their_own_picture(ask):
    pictures = [encoded(page.picture) for page in PAGES]
    alone = [ask(picture).json() for picture in pictures]
    together = Barrier(CLIENTS)

    def client(number: int) -> requests.Response:
        together.wait(30)
        return ask(pictures[number % len(pictures)])

    with ThreadPoolExecutor(CLIENTS) as clients:
        responses = list(clients.map(client, range(4 * CLIENTS)))
    assert {response.status_code for response in responses} == {200}
    assert [response.json() for response in responses] == list(islice(cycle(alone), len(responses)))


def test_the_api_keeps_to_its_openapi_file(demo, tmp_path):
    """A schema cannot say whether an image can be read and is not blank: valid requests may be refused."""
    options = "--max-examples=20 --generation-deterministic --exclude-checks=positive_data_acceptance --no-color"
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{demo}/api/openapi.json", *options.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 selected / 4 total" in done.stdout


def test_sigterm_ends_the_demo_at_once_and_a_taken_port_is_an_error(drawers):
    port = free_port()
    command = [sys.executable, "-m", "demo", "--port", str(port)]
    options = {"environment": ENVIRONMENT, "cwd": drawers, "stdout": subprocess.PIPE, "text": True}
    with running(command, signal.SIGKILL, **options) as process:
        assert any(f"http://127.0.0.1:{port} " in line for line in process.stdout)
        second = run_module("demo", "--port", str(port), cwd=drawers)
        assert (second.returncode, second.stderr) == (1, f"demo: error: port {port} is taken; --port names another\n")
        process.terminate()
        started = time.monotonic()
        process.wait(10)
        assert time.monotonic() - started < 3


def test_missing_models_are_an_error_without_a_terminal(project, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())
    said = complaint(train_what_is_missing, ("mlp", "cnn"), (1, 2, 3))
    assert "24 of 24 files of models are missing, models/mlp-baseline/1.keras first; `make repro`" in said


def test_a_port_that_cannot_be_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["demo", "--port", "70000"])
    with pytest.raises(SystemExit):
        main()
    assert "argument --port: invalid port value: '70000'" in capsys.readouterr().err


def test_port_0_is_any_free_one():
    with listening(HOST, 0) as sock:
        assert sock.getsockname()[1] not in range(PORT, PORT + PORTS)


@pytest.mark.parametrize("typed", ["n\n", "\x04"], ids=["no", "Ctrl-D"])
def test_on_a_terminal_the_demo_asks_before_it_trains(project, typed):
    options = {"env": ENVIRONMENT, "cwd": project, "capture_output": True, "text": True}
    with terminal(typed) as stdin:
        done = subprocess.run([sys.executable, "-m", "demo"], stdin=stdin, check=False, **options)
    assert "Train them now? It takes about 20 minutes on 2 cores. [y/N] " in done.stdout
    assert (done.returncode, done.stderr) == (1, "demo: error: there is nothing to show without models\n")
