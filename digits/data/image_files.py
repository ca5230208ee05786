"""PNG and JPEG files of any size and colour, read without trusting a byte."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from digits.core.errors import UserError

FORMATS = ("PNG", "JPEG")
ENDINGS = (".png", ".jpg", ".jpeg")
MOST_BYTES = 20 * 2**20
MOST_PIXELS = 30_000_000  # 90 MB once unpacked
BIT_DEPTH_OFFSET = 24  # in a PNG
SAMPLE_SIZE = 100  # pixels of an image's longer side, enough to tell light ink from dark


def files(paths: list[Path]) -> Iterator[Path]:
    """The files named, and all images in the folders named and below."""
    for path in paths:
        yield from images_below(path) if os.path.isdir(path) else [path]  # noqa: PTH112 - Path's fails for long names


def images_below(folder: Path) -> list[Path]:
    """And each folder that cannot be read, or this one where it holds none: what is wrong, `read` says of each."""
    closed: list[OSError] = []
    entries = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=closed.append) for name in names)
    images = [path for path in entries if path.suffix.lower() in ENDINGS]
    return sorted([*images, *(Path(error.filename) for error in closed)]) or [folder]


def read(path: Path, strict: bool = False) -> Image.Image:
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # it may not be allowed
            raise UserError(f"it holds no image; their names end in {', '.join(ENDINGS)}")
        if not path.exists():
            raise UserError("there is no such file")
        if not path.is_file():  # a pipe might never end
            raise UserError("it is not a file")
        with path.open("rb") as file:
            return decode(file.read(MOST_BYTES + 1), strict)
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}") from None


def decode(data: bytes, strict: bool = False) -> Image.Image:
    """In grey or colour, upright, without transparency; strict, where nothing is guessed for that."""
    if not data:
        raise UserError("it is empty")
    if len(data) > MOST_BYTES:
        raise UserError(f"it has more than {MOST_BYTES // 2**20} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own, of size and damage: both are checked here
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.UnidentifiedImageError:
            raise UserError("it is neither a PNG nor a JPEG image") from None
        except Image.DecompressionBombError:
            raise too_large() from None
        except Exception as error:  # each format's decoder has errors of its own
            raise UserError(f"it cannot be read: {error}") from None
        if image.width * image.height > MOST_PIXELS:
            raise too_large(f" ({image.width:,} × {image.height:,})")
        try:
            if strict and (guess := guessed(image, data)):
                raise UserError(guess)
            image.load()
            with suppress(Exception):  # EXIF data that are damaged do not say how it is turned
                image = ImageOps.exif_transpose(image)
            return opaque(image)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"it is damaged: {error}") from None


def too_large(size: str = "") -> UserError:
    return UserError(f"it has too many pixels{size}; {MOST_PIXELS // 1_000_000} million are allowed")


def guessed(image: Image.Image, data: bytes) -> str | None:
    """What this picture is in grey or colour would be a guess, and why."""
    if image.format == "PNG" and image.is_animated:  # a phone's JPEG may hold several pictures, the first is it
        return f"it is animated, of {image.n_frames} pictures; save the one that counts"
    if image.format == "PNG" and data[BIT_DEPTH_OFFSET] > 8:
        return f"it has {data[BIT_DEPTH_OFFSET]} bits for each value; save it with 8"
    if image.mode == "CMYK":
        return "it is in CMYK, for print; save it in RGB"
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        return "it is transparent in places; save it on a background"
    return None


def opaque(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits; Pillow would cut off what is above 255
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L" if image.mode in ("1", "L") else "RGB")
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    # A transparent background becomes black under light ink and white under dark ink, so that the ink stays visible.
    sample = np.asarray(image.reduce(max(1, max(image.size) // SAMPLE_SIZE)), np.float32)
    grey, shown = sample[..., :3].mean(axis=2), sample[..., 3]
    light = (grey * shown).sum() > 127 * shown.sum()
    page = Image.new("RGBA", image.size, "black" if light else "white")
    return Image.alpha_composite(page, image).convert("RGB")
