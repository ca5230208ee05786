from pathlib import Path

from digits.export.formats import format_of


def test_an_ending_or_a_folder_tells_the_format(tmp_path: Path) -> None:
    paths = (Path("a.keras"), Path("a.h5"), Path("a.tflite"), tmp_path)
    assert [format_of(path).file for path in paths] == ["model.keras", "model.h5", "model.tflite", "saved_model"]
    assert format_of(Path("tuned")) is format_of(Path("a.txt")) is None
