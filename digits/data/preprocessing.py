"""Convert pictures to the format of the training images: drawn glyphs are cropped, scaled and centred as in MNIST."""

from typing import Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, PositiveInt
from scipy import ndimage

from digits.core.errors import UserError

SAMPLE_SIZE = 1000  # training images that are measured
MARGIN, MIN_BLACK = 2, 0.99  # pixels along a glyph's border, and the share of them that is black
WORKING_SIZE = 200  # pixels of the longer side (up to twice as many) while ink is separated from paper
MIN_CONTRAST = 12  # of 255 levels: below, nothing is drawn
MIN_INK = 0.4  # of the strongest ink: a part that never reaches it is a shadow
MIN_PART = 0.02  # of the largest part's pixels: a smaller part is dirt
OVERSAMPLING = 4  # while strokes are thickened
MIN_STROKE = 1.8  # pixels: 1 in 100 of MNIST's training images has thinner strokes
MEDIAN_STROKE = 2.8  # pixels, in MNIST's training images


class Preprocessing(BaseModel):
    """The properties that all training images share."""

    model_config = ConfigDict(frozen=True)

    shape: tuple[PositiveInt, PositiveInt, Literal[1, 3]]
    kind: Literal["glyph", "image"]  # a bright glyph on black, or any image
    glyph_size: int = 0  # pixels of a glyph's longer side


def measure(images: np.ndarray) -> Preprocessing:
    images, shape = images[:: max(1, len(images) // SAMPLE_SIZE)], images.shape[1:]
    border = np.ones(shape[:2], bool)
    border[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    if shape[2] != 1 or (images[:, border] == 0).mean() < MIN_BLACK:
        return Preprocessing(shape=shape, kind="image")
    sizes = [max(crop(image[..., 0]).shape) for image in images]
    return Preprocessing(shape=shape, kind="glyph", glyph_size=int(np.median(sizes)))


def preprocess(picture: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Return the input of a network: uint8, height × width × channels."""
    return (fit_glyph if preprocessing.kind == "glyph" else fit_picture)(picture, preprocessing)


def fit_picture(picture: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """Fit the whole picture into the shape, keep its proportions, and pad it with black."""
    height, width, channels = preprocessing.shape
    picture = picture.convert("L" if channels == 1 else "RGB")
    scale = min(height / picture.height, width / picture.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    page = Image.new(picture.mode, (width, height))
    page.paste(picture.resize(size, Image.Resampling.BOX), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(page).reshape(preprocessing.shape)


def fit_glyph(picture: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    size = preprocessing.glyph_size
    ink = crop(remove_dirt(crop(extract_ink(picture))))
    ink = thicken(ink, size)
    ink = scale(ink, fit_size(size, ink, preprocessing.shape))
    return centre(ink * (255 / ink.max()), preprocessing.shape[:2])[..., np.newaxis]


def extract_ink(picture: Image.Image) -> np.ndarray:
    """Return each pixel's distance from the colour of the paper, as uint8. Ink may be darker or lighter than paper."""
    picture = picture.convert("L" if picture.mode == "L" else "RGB")
    picture = picture.reduce(max(1, max(picture.size) // WORKING_SIZE))
    # The distance in the channel in which ink and paper differ most.
    ink = np.maximum.reduce([distance_from_paper(np.asarray(channel)) for channel in picture.split()])
    # Paper is never of one colour: differences as small as its grain are not ink.
    grain = np.uint8(min(4 * np.median(border_pixels(ink)), 255))
    ink = np.maximum(ink, grain) - grain
    if ink.max() < MIN_CONTRAST:
        raise UserError("nothing is drawn on it, or the drawing is too faint; use more contrast")
    return ink


def distance_from_paper(levels: np.ndarray) -> np.ndarray:
    paper = np.uint8(np.median(border_pixels(levels)))
    return np.maximum(levels, paper) - np.minimum(levels, paper)


def border_pixels(levels: np.ndarray) -> np.ndarray:
    return np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])


def remove_dirt(ink: np.ndarray) -> np.ndarray:
    """Scale ink to 0..1, without specks and shadows. Specks first, because one may be darker than the drawing."""
    parts, n_parts = ndimage.label(ink > 0, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0  # the background
    ink = np.where((sizes >= MIN_PART * sizes.max())[parts], ink, 0)
    ink = ink / np.float32(ink.max())
    is_strong = np.bincount(parts[ink >= MIN_INK], minlength=n_parts + 1) > 0
    return np.where(is_strong[parts], ink, 0)


def crop(ink: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else ink[:0, :0]


def thicken(ink: np.ndarray, size: int) -> np.ndarray:
    """Widen strokes that are thinner than in the training images, because networks recognise them badly."""
    fine = scale(ink, OVERSAMPLING * size)
    inside = fine > MIN_INK * fine.max()
    # Across a stroke, the mean distance to its border is a quarter of its width.
    width = 4 * ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][inside].mean() / OVERSAMPLING
    if width >= MIN_STROKE:
        return ink
    radius = round(OVERSAMPLING * (MEDIAN_STROKE - width) / 2)
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    return ndimage.grey_dilation(np.pad(fine, radius), footprint=disc)


def scale(ink: np.ndarray, longer_side: int) -> np.ndarray:
    factor = longer_side / max(ink.shape)
    size = max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor))
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BOX))


def fit_size(glyph_size: int, ink: np.ndarray, shape: tuple[int, ...]) -> int:
    """Return the glyph size of the training images, or less if the ink would not fit into the shape."""
    limits = (side * max(ink.shape) / length for side, length in zip(shape, ink.shape, strict=False))
    return int(min(glyph_size, *limits))


def centre(ink: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Put the ink's centre of mass into the middle of a black image, as far as the ink fits."""
    page = np.zeros(shape, np.uint8)
    top, left = (
        int(np.clip(round(side / 2 - middle), 0, side - length))
        for side, middle, length in zip(shape, ndimage.center_of_mass(ink), ink.shape, strict=True)
    )
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = np.round(ink)
    return page
