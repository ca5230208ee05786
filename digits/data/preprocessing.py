"""Convert any image to the format of the training images.

If these show glyphs (bright strokes on black, as in MNIST), a drawing is converted in five steps: its strokes are
extracted from the background, cleaned, thickened if they are thin, scaled to the size of the training glyphs, and
centred. If they show anything else, the whole image is scaled to fit.

`strokes` is an array that is 0 in the background; the more a pixel's colour differs from it, the larger the value.
"""

from typing import Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, PositiveInt
from scipy import ndimage

from digits.core.errors import UserError

SAMPLE_SIZE = 1000  # training images from which the preprocessing is inferred
BORDER_WIDTH = 2  # pixels
MIN_BLACK_SHARE = 0.99  # of the border's pixels, in images of glyphs
WORKING_SIZE = 200  # pixels of the longer side (up to twice as many) while strokes are extracted
MIN_CONTRAST = 12  # of 255 levels, between strokes and background: below, nothing is drawn
STROKE_THRESHOLD = 0.4  # of the largest value: a pixel above it is in a stroke, not in a shadow or a blurred edge
MIN_COMPONENT_SIZE = 0.02  # of the largest component's pixels: a smaller component is a speck
OVERSAMPLING = 4  # while strokes are measured and thickened
MIN_STROKE_WIDTH = 1.8  # pixels: 1 in 100 of MNIST's training images has thinner strokes
MEDIAN_STROKE_WIDTH = 2.8  # pixels, in MNIST's training images


class Preprocessing(BaseModel):
    """How an image is converted to the format of the training images."""

    model_config = ConfigDict(frozen=True)

    shape: tuple[PositiveInt, PositiveInt, Literal[1, 3]]  # height, width, channels
    kind: Literal["glyph", "image"]  # a bright glyph on black, or any image
    glyph_size: int = 0  # pixels of a glyph's longer side


def infer_preprocessing(images: np.ndarray) -> Preprocessing:
    """Return the preprocessing that gives any image the format of these training images.

    They show glyphs if they are grey and their borders are black.
    """
    sample, shape = images[:: max(1, len(images) // SAMPLE_SIZE)], images.shape[1:]
    border = np.ones(shape[:2], bool)
    border[BORDER_WIDTH:-BORDER_WIDTH, BORDER_WIDTH:-BORDER_WIDTH] = False
    if shape[2] != 1 or (sample[:, border] == 0).mean() < MIN_BLACK_SHARE:
        return Preprocessing(shape=shape, kind="image")
    sizes = [max(crop(image[..., 0]).shape) for image in sample]
    return Preprocessing(shape=shape, kind="glyph", glyph_size=int(np.median(sizes)))


def preprocess(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Return the input of a network: uint8, height × width × channels."""
    return (fit_glyph if preprocessing.kind == "glyph" else fit_image)(image, preprocessing)


def fit_image(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Fit the whole image into the shape, keep its proportions, and pad it with black."""
    height, width, channels = preprocessing.shape
    image = image.convert("L" if channels == 1 else "RGB")
    factor = min(height / image.height, width / image.width)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image.resize(size, Image.Resampling.BOX), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas).reshape(preprocessing.shape)


def fit_glyph(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    strokes = crop(remove_specks_and_shadows(crop(extract_strokes(image))))
    glyph_size = preprocessing.glyph_size
    # Networks recognise strokes badly if they are thinner than in the training images.
    enlarged = scale(strokes, OVERSAMPLING * glyph_size)
    width = stroke_width(enlarged) / OVERSAMPLING
    if width < MIN_STROKE_WIDTH:
        strokes = dilate(enlarged, radius=round(OVERSAMPLING * (MEDIAN_STROKE_WIDTH - width) / 2))
    strokes = scale(strokes, fit_size(glyph_size, strokes, preprocessing.shape))
    return paste_centred(strokes * (255 / strokes.max()), preprocessing.shape[:2])[..., np.newaxis]


def extract_strokes(image: Image.Image) -> np.ndarray:
    """Return how much each pixel differs from the background, as uint8. Strokes may be darker or lighter than it."""
    image = image.convert("L" if image.mode == "L" else "RGB")
    image = image.reduce(max(1, max(image.size) // WORKING_SIZE))
    # The difference in the channel in which it is largest.
    strokes = np.maximum.reduce([difference_from_background(np.asarray(channel)) for channel in image.split()])
    # No background has exactly one colour: its noise, such as the grain of paper, is subtracted.
    noise = np.uint8(min(4 * np.median(border_pixels(strokes)), 255))
    strokes = np.maximum(strokes, noise) - noise
    if strokes.max() < MIN_CONTRAST:
        raise UserError("nothing is drawn on it, or the drawing is too faint; use more contrast")
    return strokes


def difference_from_background(levels: np.ndarray) -> np.ndarray:
    background = np.uint8(np.median(border_pixels(levels)))
    return np.maximum(levels, background) - np.minimum(levels, background)


def border_pixels(levels: np.ndarray) -> np.ndarray:
    return np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])


def remove_specks_and_shadows(strokes: np.ndarray) -> np.ndarray:
    """Scale to 0..1, without connected components that are small (specks) or faint (shadows).

    Specks are removed first, because one may be darker than the drawing.
    """
    components, n_components = ndimage.label(strokes > 0, np.ones((3, 3)))
    sizes = np.bincount(components.ravel())
    sizes[0] = 0  # the background
    is_large = sizes >= MIN_COMPONENT_SIZE * sizes.max()
    strokes = np.where(is_large[components], strokes, 0)
    strokes = strokes / np.float32(strokes.max())
    is_strong = np.bincount(components[strokes >= STROKE_THRESHOLD], minlength=n_components + 1) > 0
    return np.where(is_strong[components], strokes, 0)


def crop(strokes: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((strokes > 0).any(axis=axis)) for axis in (1, 0))
    return strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else strokes[:0, :0]


def stroke_width(strokes: np.ndarray) -> float:
    inside = strokes > STROKE_THRESHOLD * strokes.max()
    # Across a stroke, the mean distance to its edge is a quarter of its width.
    distances = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    return 4 * distances[inside].mean()


def dilate(strokes: np.ndarray, radius: int) -> np.ndarray:
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    return ndimage.grey_dilation(np.pad(strokes, radius), footprint=disc)


def scale(strokes: np.ndarray, longer_side: int) -> np.ndarray:
    factor = longer_side / max(strokes.shape)
    size = max(1, round(strokes.shape[1] * factor)), max(1, round(strokes.shape[0] * factor))
    return np.asarray(Image.fromarray(strokes.astype(np.float32)).resize(size, Image.Resampling.BOX))


def fit_size(glyph_size: int, strokes: np.ndarray, shape: tuple[int, ...]) -> int:
    """Return the glyph size of the training images, or less if the strokes would not fit into the shape."""
    limits = (side * max(strokes.shape) / length for side, length in zip(shape, strokes.shape, strict=False))
    return int(min(glyph_size, *limits))


def paste_centred(strokes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Put the centre of mass into the middle of a black image, as far as the strokes fit."""
    canvas = np.zeros(shape, np.uint8)
    top, left = (
        int(np.clip(round(side / 2 - centre), 0, side - length))
        for side, centre, length in zip(shape, ndimage.center_of_mass(strokes), strokes.shape, strict=True)
    )
    canvas[top : top + strokes.shape[0], left : left + strokes.shape[1]] = np.round(strokes)
    return canvas
