import json
from pathlib import Path

import numpy as np
import pytest

from digits.export.metadata import Metadata
from digits.serving.predict import Prediction, main, print_json, print_table
from tests.fixtures.drawn import drawn
from tests.images import MNIST, encoded


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number, page in enumerate(drawn(20, seed=3)):
        page.picture.save(folder / f"{number:02} {page.digit} {page.manner}.png")
    return folder


@pytest.fixture
def predict(in_drawing_project, monkeypatch, capsys):
    def run(*words: object) -> tuple[str, str]:
        """What it prints, and the error it ends with."""
        monkeypatch.setattr("sys.argv", ["digits", "predict", *map(str, words)])
        error = ""
        try:
            main()
        except SystemExit as end:
            error = end.code
        return capsys.readouterr().out, error

    return run


def test_drawn_digits_are_classified_however_they_are_drawn(predict, pictures):
    head, *rows = predict(pictures)[0].splitlines()
    assert head.split()[:4] == ["picture", "class", "probability", "second"]
    assert len(rows) == 20
    answers = [row.split(".png")[1].split()[0] for row in rows]
    digits = [path.name.split()[1] for path in sorted(pictures.iterdir())]
    assert sum(answer == digit for answer, digit in zip(answers, digits, strict=True)) > 18


def test_json_holds_all_probabilities(predict, pictures):
    told, error = predict(next(pictures.iterdir()), "--json", "--model", "mlp-baseline")
    told = json.loads(told)
    [answer] = told["pictures"]
    assert (told["model"], error) == ("mlp-baseline-1", "")
    assert list(answer["probabilities"]) == list("0123456789")
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["class"] == max(answer["probabilities"], key=answer["probabilities"].get)


@pytest.mark.parametrize("least", [0.4999999, 0.5])
def test_table_and_json_name_the_same_class_where_two_are_nearly_or_just_as_likely(capsys, least):
    found = Prediction(Path("a.png"), np.array([0, least, 0.5]))
    metadata = Metadata(model="m", classes=("a", "b", "c"), preprocessing=MNIST)
    print_table(iter([found]), metadata, [found.path])
    named = capsys.readouterr().out.splitlines()[1].split()[1]
    print_json(iter([found]), metadata)
    assert json.loads(capsys.readouterr().out)["pictures"][0]["class"] == named == ("b" if least == 0.5 else "c")


def test_unreadable_files_are_named_and_the_others_classified(predict, tmp_path):
    good = encoded(next(drawn(1, seed=3)).picture)
    files = {"a.png": b"", "b.png": good[:500], "c.png": good}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    told, error = predict(tmp_path, "none.png")
    assert error == "predict: error: 3 of 4 pictures could not be read; the others are answered"
    said = [line.split(maxsplit=3) for line in told.splitlines()[1:]]
    assert [line[1] for line in said] == ["–", "–", "0", "–"]
    errors = [line[3].split(":")[0] for line in said if line[1] == "–"]
    assert errors == ["it is empty", "it is damaged", "there is no such file"]
    told, error = predict(tmp_path / "a.png", "--json")
    assert json.loads(told)["pictures"] == [{"picture": str(tmp_path / "a.png"), "error": "it is empty"}]
    assert error == "predict: error: 1 of 1 pictures could not be read"


def test_a_folder_without_images_is_named_and_the_others_classified(predict, tmp_path, pictures):
    told, error = predict(tmp_path, next(pictures.iterdir()))
    assert error == "predict: error: 1 of 2 pictures could not be read; the others are answered"
    assert "it holds no image; their names end in .png" in told.splitlines()[1]


def test_a_name_of_several_lines_is_one_row(predict, tmp_path):
    (tmp_path / "a\nb\x1b[31m.png").touch()
    assert predict(tmp_path)[0].splitlines()[1].startswith(f"{tmp_path}/a\\nb\\x1b[31m.png  –")


def test_a_path_that_is_empty_is_refused(predict):
    assert predict("")[1] == 2
