"""Read PNG and JPEG files of any size and colour mode. All content is validated.

Error messages complete the sentence "FILE: …".
"""

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
IMAGE_EXTENSIONS = (".png", ".jpg", ".jpeg")
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 30_000_000  # 90 MB once decoded
BIT_DEPTH_OFFSET = 24  # in a PNG
SAMPLE_SIZE = 100  # pixels of an image's longer side, enough to distinguish light strokes from dark ones


def expand_folders(paths: list[Path]) -> Iterator[Path]:
    """Yield the paths, with each folder replaced by the images in it and its subfolders.

    Folders that are unreadable or hold no image are yielded as paths, so that `read` reports them.
    """
    for path in paths:
        yield from find_images(path) if os.path.isdir(path) else [path]  # noqa: PTH112 - Path's fails for long names


def find_images(folder: Path) -> list[Path]:
    """Return the images and the unreadable subfolders, or the folder itself if there are none."""
    errors: list[OSError] = []
    paths = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=errors.append) for name in names)
    images = [path for path in paths if path.suffix.lower() in IMAGE_EXTENSIONS]
    return sorted([*images, *(Path(error.filename) for error in errors)]) or [folder]


def read(path: Path, strict: bool = False) -> Image.Image:
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # raises an error if the folder is not readable
            raise UserError(f"it holds no image; their names end in {', '.join(IMAGE_EXTENSIONS)}")
        if not path.exists():
            raise UserError("there is no such file")
        if not path.is_file():  # a pipe might never end
            raise UserError("it is not a file")
        with path.open("rb") as file:
            return decode(file.read(MAX_BYTES + 1), strict)
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}") from None


def decode(data: bytes, strict: bool = False) -> Image.Image:
    """Decode to grey or RGB, upright and opaque. If `strict`, reject images that convert in more than one way."""
    if not data:
        raise UserError("it is empty")
    if len(data) > MAX_BYTES:
        raise UserError(f"it has more than {MAX_BYTES // 2**20} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about size and damage, which are both checked here
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.UnidentifiedImageError:
            raise UserError("it is neither a PNG nor a JPEG image") from None
        except Image.DecompressionBombError:
            raise size_error() from None
        except Exception as error:  # each of Pillow's decoders raises errors of its own types
            raise UserError(f"it cannot be read: {error}") from None
        if image.width * image.height > MAX_PIXELS:
            raise size_error(f" ({image.width:,} × {image.height:,})")
        try:
            if strict and (message := ambiguity(image, data)):
                raise UserError(message)
            image.load()
            with suppress(Exception):  # damaged EXIF data are ignored
                image = ImageOps.exif_transpose(image)
            return to_grey_or_rgb(image)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"it is damaged: {error}") from None


def size_error(size: str = "") -> UserError:
    return UserError(f"it has too many pixels{size}; {MAX_PIXELS // 1_000_000} million are allowed")


def ambiguity(image: Image.Image, data: bytes) -> str | None:
    """Return why the image converts to grey or RGB in more than one way."""
    if image.format == "PNG" and image.is_animated:  # a JPEG from a phone may hold several images: the first counts
        return f"it is animated, of {image.n_frames} images; save one of them"
    if image.format == "PNG" and data[BIT_DEPTH_OFFSET] > 8:
        return f"it has {data[BIT_DEPTH_OFFSET]} bits for each value; save it with 8"
    if image.mode == "CMYK":
        return "it is in CMYK, for print; save it in RGB"
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] < 255:
        return "it is partly transparent; save it on a background"
    return None


def to_grey_or_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits; Pillow would clip values above 255
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L" if image.mode in ("1", "L") else "RGB")
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    # A transparent background becomes black under light strokes and white under dark ones, so that they stay visible.
    sample = np.asarray(image.reduce(max(1, max(image.size) // SAMPLE_SIZE)), np.float32)
    grey, alpha = sample[..., :3].mean(axis=2), sample[..., 3]
    is_light = (grey * alpha).sum() > 127 * alpha.sum()
    background = Image.new("RGBA", image.size, "black" if is_light else "white")
    return Image.alpha_composite(background, image).convert("RGB")
