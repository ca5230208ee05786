import json
from pathlib import Path

import numpy as np
import pytest

from digits.export.metadata import Metadata
from digits.serving.predict import Prediction, main, print_json, print_table
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded


@pytest.fixture(scope="module")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for index, drawing in enumerate(drawn(20, seed=3)):
        drawing.picture.save(folder / f"{index:02} {drawing.digit} {drawing.manner}.png")
    return folder


@pytest.fixture
def predict(in_drawing_project, monkeypatch, capsys):
    def run(*arguments: object) -> tuple[str, str]:
        """Return the output and the exit code or error message."""
        monkeypatch.setattr("sys.argv", ["digits", "predict", *map(str, arguments)])
        error = ""
        try:
            main()
        except SystemExit as exit_error:
            error = exit_error.code
        return capsys.readouterr().out, error

    return run


def test_digits_of_every_drawing_style_are_classified(predict, image_folder):
    header, *rows = predict(image_folder)[0].splitlines()
    assert header.split()[:4] == ["image", "class", "probability", "second"]
    assert len(rows) == 20
    predictions = [row.split(".png")[1].split()[0] for row in rows]
    labels = [path.name.split()[1] for path in sorted(image_folder.iterdir())]
    assert sum(prediction == label for prediction, label in zip(predictions, labels, strict=True)) > 18


def test_json_contains_all_probabilities(predict, image_folder):
    output, error = predict(next(image_folder.iterdir()), "--json", "--model", "mlp-baseline")
    result = json.loads(output)
    [prediction] = result["pictures"]
    assert (result["model"], error) == ("mlp-baseline-1", "")
    assert list(prediction["probabilities"]) == list("0123456789")
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert prediction["class"] == max(prediction["probabilities"], key=prediction["probabilities"].get)


@pytest.mark.parametrize(("probability", "expected"), [(0.4999999, "c"), (0.5, "b")])
def test_table_and_json_predict_the_same_class_for_nearly_equal_probabilities(capsys, probability, expected):
    prediction = Prediction(Path("a.png"), np.array([0, probability, 0.5]))
    metadata = Metadata(model="m", classes=("a", "b", "c"), preprocessing=MNIST)
    print_table(iter([prediction]), metadata, [prediction.path])
    assert capsys.readouterr().out.splitlines()[1].split()[1] == expected
    print_json(iter([prediction]), metadata)
    assert json.loads(capsys.readouterr().out)["pictures"][0]["class"] == expected


def test_unreadable_files_are_listed_and_the_others_classified(predict, tmp_path):
    valid = encoded(next(drawn(1, seed=3)).picture)
    files = {"a.png": b"", "b.png": valid[:500], "c.png": valid}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    output, error = predict(tmp_path, "none.png")
    assert error == "predict: error: 3 of 4 images could not be read; the others are classified"
    rows = [line.split(maxsplit=3) for line in output.splitlines()[1:]]
    assert [row[1] for row in rows] == ["–", "–", "0", "–"]
    errors = [row[3] for row in rows if row[1] == "–"]
    for message, fragment in zip(errors, ["empty", "damaged", "no such file"], strict=True):
        assert fragment in message


def test_json_contains_the_error_of_an_unreadable_file(predict, tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    output, error = predict(path, "--json")
    [entry] = json.loads(output)["pictures"]
    assert list(entry) == ["picture", "error"]
    assert entry["picture"] == str(path)
    assert "empty" in entry["error"]
    assert error == "predict: error: 1 of 1 images could not be read"


def test_a_folder_without_images_is_listed_and_the_others_classified(predict, tmp_path, image_folder):
    output, error = predict(tmp_path, next(image_folder.iterdir()))
    assert "1 of 2 images could not be read" in error
    assert "no image" in output.splitlines()[1]


def test_a_file_name_with_newlines_is_printed_on_one_line(predict, tmp_path):
    (tmp_path / "a\nb\x1b[31m.png").touch()
    assert predict(tmp_path)[0].splitlines()[1].startswith(f"{tmp_path}/a\\nb\\x1b[31m.png  –")


def test_an_empty_path_is_rejected(predict):
    assert predict("")[1] == 2
