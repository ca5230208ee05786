import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.core.errors import UserError
from digits.data.image_files import MOST_BYTES, decode, files, read
from tests.images import encoded

SMALL = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20)


def test_png_and_jpeg_are_read():
    assert (np.asarray(decode(encoded(SMALL))) == np.asarray(SMALL)).all()
    assert decode(encoded(SMALL.convert("RGB"), "JPEG")).size == (4, 3)


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGB", "RGBA", "I;16"])
def test_all_colour_modes_become_grey_or_rgb(mode):
    picture = Image.fromarray(np.asarray(SMALL).astype(np.uint16) * 257) if mode == "I;16" else SMALL.convert(mode)
    read_back = decode(encoded(picture))
    assert read_back.mode in ("L", "RGB")
    if mode != "1":
        assert np.abs(np.asarray(read_back.convert("L")).astype(int) - np.asarray(SMALL)).max() <= 3


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_a_transparent_background_becomes_the_opposite_of_the_ink(ink, paper):
    picture = Image.new("RGBA", (5, 5), (0, 0, 0, 0))
    picture.putpixel((2, 2), (ink, ink, ink, 255))
    levels = np.asarray(decode(encoded(picture)).convert("L"))
    assert (levels[2, 2], levels[0, 0]) == (ink, paper)


def test_an_image_is_turned_as_its_exif_data_say():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert decode(encoded(SMALL.convert("RGB"), "JPEG", exif=exif)).size == (3, 4)


def test_an_image_whose_exif_data_are_damaged_stays_as_it_lies():
    assert decode(encoded(SMALL, exif=b"Exif\0\0neither II nor MM")).size == (4, 3)


def bomb(side: int = 20_000) -> bytes:
    """A PNG of 60 kB that unpacks to 20,000 × 20,000 pixels."""
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


BAD = {
    "empty": (b"", "it is empty"),
    "text": (b"hello", "it is neither a PNG nor a JPEG image"),
    "another format": (encoded(SMALL, "GIF"), "it is neither a PNG nor a JPEG image"),
    "head alone": (encoded(SMALL)[:20], "it cannot be read: |it is damaged: |it is neither"),
    "cut short": (encoded(Image.effect_noise((64, 64), 50))[:2000], "it is damaged: "),
    "jpeg cut short": (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:900], "it is damaged: "),
    "bytes changed": (encoded(SMALL).replace(b"IDAT", b"IDAX"), "it is damaged: |it cannot be read: |it is neither"),
    "huge when unpacked": (bomb(), r"it has too many pixels( \(20,000 × 20,000\))?; 30 million are allowed"),
    "large": (bomb(6000), r"it has too many pixels \(6,000 × 6,000\)"),
    "too many bytes": (bytes(MOST_BYTES + 1), "it has more than 20 MB"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_a_bad_image_is_refused_in_one_sentence(data, message):
    with pytest.raises(UserError, match=f"^({message})") as refused:
        decode(data)
    assert "\n" not in str(refused.value)


def test_missing_files_pipes_and_names_that_cannot_be_are_refused_one_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    refused = {"none.png": "no such file", "pipe.png": "not a file", "n" * 300: "it cannot be read: File name too long"}
    for path, message in zip(files([tmp_path / name for name in refused]), refused.values(), strict=True):
        with pytest.raises(UserError, match=message):
            read(path)


def test_a_folder_that_may_not_be_read_is_refused_and_not_left_out(tmp_path, monkeypatch):
    for folder in ("closed", "open"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").touch()

    def scandir(path: Path) -> Iterator[os.DirEntry]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return found(path)

    found = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "listdir", scandir)
    closed, image = files([tmp_path])
    assert image == tmp_path / "open/a.png"
    with pytest.raises(UserError, match="it cannot be read: Permission denied"):
        read(closed)


def test_a_folder_stands_for_the_images_in_it_and_below(tmp_path):
    for name in ("b.png", "a.JPG", "below/c.jpeg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = Path("other.gif")
    assert list(files([tmp_path, named])) == [tmp_path / "a.JPG", tmp_path / "b.png", tmp_path / "below/c.jpeg", named]
    (tmp_path / "empty").mkdir()
    [empty] = files([tmp_path / "empty"])
    with pytest.raises(UserError, match=r"it holds no image; their names end in \.png"):
        read(empty)
