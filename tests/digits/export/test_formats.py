from pathlib import Path

from digits.export.formats import detect_format


def test_the_format_is_detected_by_suffix_or_folder(tmp_path: Path) -> None:
    paths = (Path("a.keras"), Path("a.h5"), Path("a.tflite"), tmp_path)
    assert [detect_format(path).file for path in paths] == ["model.keras", "model.h5", "model.tflite", "saved_model"]
    assert detect_format(Path("tuned")) is detect_format(Path("a.txt")) is None
