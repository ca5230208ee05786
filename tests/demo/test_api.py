"""The API of a running demo, over HTTP."""

import json
import re
import runpy
import subprocess
import sys
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
from demo.__main__ import HOST, N_PORTS, PORT, listen, main, train_missing_models
from digits.data.image_files import MAX_BYTES
from digits.data.preprocessing import preprocess
from tests.conftest import ENVIRONMENT, error_message, run_module
from tests.demo.conftest import terminal
from tests.drawings import DIGITS
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded

pytestmark = pytest.mark.slow

CLIENTS = 50
DRAWINGS = list(drawn(20, seed=3))
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}
VALID = encoded(DRAWINGS[0].picture)


@pytest.fixture
def predict(demo: str) -> Callable[..., requests.Response]:
    def post(
        data: object = None, headers: dict[str, str] = PNG, query: str = "", **options: object
    ) -> requests.Response:
        return requests.post(f"{demo}/api/predict{query}", data=data, headers=headers, timeout=30, **options)

    return post


def test_models_are_listed_with_results_and_reports(demo):
    listed = requests.get(f"{demo}/api/models", timeout=30).json()
    assert [model["name"] for model in listed["models"]] == ["mlp-baseline", "mlp-tuned", "cnn-baseline", "cnn-tuned"]
    assert (listed["classes"], listed["shape"]) == (DIGITS, [28, 28, 1])
    assert listed["default"] in (["mlp-baseline", "mlp-tuned"], ["cnn-baseline", "cnn-tuned"])
    assert listed["models"][3]["verdict"].startswith("better on ")
    for report in listed["reports"]:
        assert requests.get(demo + report["href"], timeout=30).status_code == 200
    assert requests.get(f"{demo}/healthz", timeout=30).json() == {"status": "ok"}


def test_the_api_and_the_command_predict_the_same(predict, in_drawing_project, tmp_path, monkeypatch, capsys):
    for index, drawing in enumerate(DRAWINGS):
        drawing.picture.save(tmp_path / f"{index:02}.png")
    monkeypatch.setattr("sys.argv", ["digits", "predict", str(tmp_path), "--json", "--model", "cnn-tuned"])
    runpy.run_module("digits", run_name="__main__")
    for drawing, expected in zip(DRAWINGS, json.loads(capsys.readouterr().out)["pictures"], strict=True):
        [prediction] = predict(encoded(drawing.picture), query="?models=cnn-tuned").json()["answers"]
        assert prediction["class"] == expected["class"]
        assert prediction["probabilities"] == pytest.approx(list(expected["probabilities"].values()), abs=2e-6)


def test_a_file_a_form_and_pixels_get_the_same_predictions(predict):
    response = predict(VALID).json()
    assert response["agree"] == (len({prediction["class"] for prediction in response["answers"]}) == 1)
    image = preprocess(DRAWINGS[0].picture, MNIST)[..., 0].tolist()
    assert response["input"] == image
    assert predict(headers={}, files={"image": ("zero.png", VALID)}).json() == response
    assert predict(json.dumps({"pixels": image}), JSON).json() == response


def test_disagreements_match_the_stored_predictions(demo, drawing_project):
    response = requests.get(f"{demo}/api/disagreements?family=mlp", timeout=30).json()
    predicted = {
        variant: np.load(drawing_project / f"data/predictions/mlp-{variant}-1.npy").argmax(1)
        for variant in ("baseline", "tuned")
    }
    labels, images = (np.load(drawing_project / f"data/predictions/{name}.npy") for name in ("labels", "images"))
    differ = predicted["baseline"] != predicted["tuned"]
    n_right = {variant: ((predicted[variant] == labels) & differ).sum() for variant in predicted}
    assert response["right"] == n_right | {"neither": differ.sum() - sum(n_right.values())}
    assert [example["index"] for example in response["images"]] == np.flatnonzero(differ)[:24].tolist() != []
    for example in response["images"]:
        index = example["index"]
        assert {variant: example[variant] for variant in predicted} == {
            variant: str(predicted[variant][index]) for variant in predicted
        }
        assert example["label"] == str(labels[index])
        assert example["pixels"] == images[index, ..., 0].tolist()


NAN = json.dumps({"pixels": [[float("nan")] * 28] * 28})
INFINITE = NAN.replace("NaN", "1e999")
INVALID_REQUESTS = {
    "no content type": (
        b"",
        {},
        415,
        "The body must be image/png, image/jpeg, a form with a file named image, or JSON",
    ),
    "GIF": (b"GIF89a", {"Content-Type": "image/gif"}, 415, "The body must be image/png"),
    "text": (b"hello", PNG, 422, "neither a PNG nor a JPEG"),
    "blank": (encoded(Image.new("L", (9, 9))), PNG, 422, "nothing is drawn"),
    "20 MB": (bytes(MAX_BYTES + 2**17), PNG, 413, "The image is too large: at most 20 MB"),
    "one byte too many": (bytes(MAX_BYTES + 1), PNG, 413, "The image is too large: at most 20 MB"),
    "invalid JSON": (b"{", JSON, 400, "The body is not valid JSON: "),
    "deep JSON": (b"[" * 100_000, JSON, 400, "The body is not valid JSON: "),
    "invalid UTF-8": (b"\xff\xfe", JSON, 400, "The body is not valid JSON: "),
    "long JSON": (b" " * (2**20 + 1), JSON, 413, "The JSON is too large: at most 1 MB"),
    "no object": (b"[]", JSON, 422, 'an object with the key "pixels" only'),
    "unknown key": (b'{"pixels": [], "more": 1}', JSON, 422, 'an object with the key "pixels" only'),
    "NaN": (NAN, JSON, 400, "The body is not valid JSON: NaN is not allowed"),
    "infinite": (INFINITE, JSON, 422, "Pixels must be numbers from 0 to 255"),
    "too bright": (json.dumps({"pixels": [[256] * 28] * 28}), JSON, 422, "Pixels must be numbers from 0 to 255"),
    "wrong size": (b'{"pixels": [[0, 0], [0, 0]]}', JSON, 422, "Pixels must be 28 rows of 28 numbers, not 2 × 2."),
    "a number": (b'{"pixels": 7}', JSON, 422, "Pixels must be 28 rows of 28 numbers, not a single number"),
    "ragged": (b'{"pixels": [[0, 0], [0]]}', JSON, 422, "rows differ in length"),
    "strings": (b'{"pixels": [["a"]]}', JSON, 422, "not numbers"),
    "booleans": (json.dumps({"pixels": [[True] * 28] * 28}), JSON, 422, "not numbers"),
    "huge": (json.dumps({"pixels": [[10**400] * 28] * 28}), JSON, 422, "Pixels must be numbers from 0 to 255"),
    "no file": (b"", {"Content-Type": "multipart/form-data; boundary=x"}, 422, "The form has no file named image"),
}


@pytest.mark.parametrize(("data", "headers", "status", "error"), INVALID_REQUESTS.values(), ids=INVALID_REQUESTS)
def test_an_invalid_request_is_rejected_with_a_message(predict, data, headers, status, error):
    response = predict(data, headers)
    assert (response.status_code, list(response.json())) == (status, ["error"])
    message = response.json()["error"]
    assert error in message
    assert not re.search(r"Traceback|File \"|/\w+/\w+\.py|\n", message)


def test_one_long_string_does_not_exhaust_memory():
    """An array of NumPy strings would take 240 GB."""
    data = json.dumps({"pixels": ["a" * 500_000, *[""] * 120_000]}).encode()
    with pytest.raises(UnprocessableEntity, match="not numbers"):
        pixels.parse(data, (28, 28, 1))


def test_there_are_no_disagreements_while_evaluate_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "PREDICTIONS", tmp_path)  # labels and images are written last
    model_names = {"baseline": "mlp-baseline-1", "tuned": "mlp-tuned-1"}
    for name in model_names.values():
        np.save(tmp_path / f"{name}.npy", np.eye(2))
    assert service.find_disagreements(model_names, ("a", "b")) == {"right": {}, "images": []}


def test_the_largest_images_are_accepted_as_json():
    image = np.full((512, 512, 3), 255, np.uint8)
    data = json.dumps({"pixels": pixels.to_rows(image)}).encode()
    assert (pixels.parse(data, image.shape) == image).all()
    with pytest.raises(RequestEntityTooLarge, match="at most 6 MB"):
        pixels.parse(data + bytes(2 * len(data)), image.shape)


def test_unknown_models_paths_and_methods_are_rejected(demo, predict):
    assert "'cnn-best'. Available models: mlp-base" in predict(VALID, query="?models=cnn-best").json()["error"]
    reports = ("/reports/../params.yaml", "/reports/comparison.html", "/reports/none.md")
    for path in ("/nothing", "/static/../app.py", *reports):
        response = requests.Session().send(unnormalized(f"{demo}{path}"), timeout=30)
        assert (response.status_code, list(response.json())) == (404, ["error"]), path
    assert requests.put(f"{demo}/api/predict", timeout=30).status_code == 405
    assert requests.get(f"{demo}/api/disagreements?family=rnn", timeout=30).status_code == 422


def unnormalized(url: str) -> requests.PreparedRequest:
    """A request whose path keeps its `..`."""
    prepared = requests.Request("GET", url).prepare()
    prepared.url = url
    return prepared


def test_a_request_to_another_host_name_is_rejected(demo):
    """Another site can make a browser send such requests if its name resolves to this machine."""
    response = requests.get(f"{demo}/api/models", headers={"Host": "example.org"}, timeout=30)
    assert (response.status_code, list(response.json())) == (400, ["error"])


def test_responses_restrict_what_the_page_may_do(demo):
    for path in ("/healthz", "/api/models", "/nothing"):
        headers = requests.get(demo + path, timeout=30).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers


def test_50_concurrent_clients_get_the_predictions_for_their_own_images(predict):
    images = [encoded(drawing.picture) for drawing in DRAWINGS]
    expected = [predict(image).json() for image in images]
    all_started = Barrier(CLIENTS)

    def client(index: int) -> requests.Response:
        all_started.wait(30)
        return predict(images[index % len(images)])

    with ThreadPoolExecutor(CLIENTS) as clients:
        responses = list(clients.map(client, range(4 * CLIENTS)))
    assert {response.status_code for response in responses} == {200}
    assert [response.json() for response in responses] == list(islice(cycle(expected), len(responses)))


def test_the_api_matches_its_openapi_description(demo, tmp_path):
    """A schema cannot express that an image is readable and not blank: valid requests may be rejected."""
    options = "--max-examples=20 --generation-deterministic --exclude-checks=positive_data_acceptance --no-color"
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{demo}/api/openapi.json", *options.split()]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "4 selected / 4 total" in process.stdout


def test_a_port_in_use_is_an_error(demo, drawing_project):
    port = demo.rpartition(":")[2]
    process = run_module("demo", "--port", port, cwd=drawing_project)
    assert process.returncode == 1
    assert process.stderr.startswith(f"demo: error: port {port} is in use")


def test_missing_models_are_an_error_without_a_terminal(project, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())
    message = error_message(train_missing_models, ("mlp", "cnn"), (1, 2, 3))
    assert "24 of 24 model files are missing, such as models/mlp-baseline/1.keras; run `make repro`" in message


def test_an_invalid_port_is_rejected(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["demo", "--port", "70000"])
    with pytest.raises(SystemExit):
        main()
    assert "argument --port: invalid port value: '70000'" in capsys.readouterr().err


def test_port_0_is_any_free_port():
    with listen(HOST, 0) as sock:
        assert sock.getsockname()[1] not in range(PORT, PORT + N_PORTS)


@pytest.mark.parametrize("typed", ["n\n", "\x04"], ids=["no", "Ctrl-D"])
def test_the_demo_asks_on_a_terminal_before_it_trains(project, typed):
    options = {"env": ENVIRONMENT, "cwd": project, "capture_output": True, "text": True}
    with terminal(typed) as stdin:
        process = subprocess.run([sys.executable, "-m", "demo"], stdin=stdin, check=False, **options)
    assert "Train them now? It takes about 20 minutes on 2 cores. [y/N] " in process.stdout
    assert (process.returncode, process.stderr) == (1, "demo: error: the demo needs trained models\n")
