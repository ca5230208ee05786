import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.core.errors import UserError
from digits.data.image_files import MAX_BYTES, decode, expand_folders, read
from tests.images import encoded

SMALL = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20)


def test_png_and_jpeg_are_read():
    assert (np.asarray(decode(encoded(SMALL))) == np.asarray(SMALL)).all()
    assert decode(encoded(SMALL.convert("RGB"), "JPEG")).size == (4, 3)


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGB", "RGBA", "I;16"])
def test_all_colour_modes_become_grey_or_rgb(mode):
    image = Image.fromarray(np.asarray(SMALL).astype(np.uint16) * 257) if mode == "I;16" else SMALL.convert(mode)
    decoded = decode(encoded(image))
    assert decoded.mode in ("L", "RGB")
    if mode != "1":
        assert np.abs(np.asarray(decoded.convert("L")).astype(int) - np.asarray(SMALL)).max() <= 3


@pytest.mark.parametrize(("stroke", "background"), [(0, 255), (255, 0)])
def test_a_transparent_background_gets_the_opposite_colour_of_the_strokes(stroke, background):
    image = Image.new("RGBA", (5, 5), (0, 0, 0, 0))
    image.putpixel((2, 2), (stroke, stroke, stroke, 255))
    levels = np.asarray(decode(encoded(image)).convert("L"))
    assert (levels[2, 2], levels[0, 0]) == (stroke, background)


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    assert decode(encoded(SMALL.convert("RGB"), "JPEG", exif=exif)).size == (3, 4)


def test_damaged_exif_data_are_ignored():
    assert decode(encoded(SMALL, exif=b"Exif\0\0neither II nor MM")).size == (4, 3)


def bomb(side: int = 20_000) -> bytes:
    """Return a PNG of 60 kB that decodes to 20,000 × 20,000 pixels."""
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


INVALID_IMAGES = {
    "empty": (b"", "it is empty"),
    "text": (b"hello", "it is neither a PNG nor a JPEG image"),
    "another format": (encoded(SMALL, "GIF"), "it is neither a PNG nor a JPEG image"),
    "header only": (encoded(SMALL)[:20], "it cannot be read: |it is damaged: |it is neither"),
    "truncated": (encoded(Image.effect_noise((64, 64), 50))[:2000], "it is damaged: "),
    "truncated JPEG": (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "it is damaged: "),
    "changed bytes": (encoded(SMALL).replace(b"IDAT", b"IDAX"), "it is damaged: |it cannot be read: |it is neither"),
    "huge once decoded": (bomb(), r"it has too many pixels( \(20,000 × 20,000\))?; 30 million are allowed"),
    "too many pixels": (bomb(6000), r"it has too many pixels \(6,000 × 6,000\)"),
    "too many bytes": (bytes(MAX_BYTES + 1), "it has more than 20 MB"),
}


@pytest.mark.parametrize(("data", "message"), INVALID_IMAGES.values(), ids=INVALID_IMAGES)
def test_an_invalid_image_is_rejected_in_one_line(data, message):
    with pytest.raises(UserError, match=f"^({message})") as error:
        decode(data)
    assert "\n" not in str(error.value)


def test_missing_files_pipes_and_long_names_are_rejected(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    errors = {"none.png": "no such file", "pipe.png": "not a file", "n" * 300: "it cannot be read: File name too long"}
    for path, message in zip(expand_folders([tmp_path / name for name in errors]), errors.values(), strict=True):
        with pytest.raises(UserError, match=message):
            read(path)


def test_an_unreadable_folder_is_an_error(tmp_path, monkeypatch):
    for folder in ("closed", "open"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").touch()

    def scandir(path: Path) -> Iterator[os.DirEntry]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    original = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "listdir", scandir)
    closed, image = expand_folders([tmp_path])
    assert image == tmp_path / "open/a.png"
    with pytest.raises(UserError, match="it cannot be read: Permission denied"):
        read(closed)


def test_a_folder_is_replaced_by_the_images_in_and_below_it(tmp_path):
    for name in ("b.png", "a.JPG", "below/c.jpeg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    file = Path("other.gif")
    images = [tmp_path / name for name in ("a.JPG", "b.png", "below/c.jpeg")]
    assert list(expand_folders([tmp_path, file])) == [*images, file]


def test_a_folder_without_images_is_an_error(tmp_path):
    [folder] = expand_folders([tmp_path])
    with pytest.raises(UserError, match=r"it holds no image; their names end in \.png"):
        read(folder)
