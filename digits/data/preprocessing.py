"""A new image made like the training images: drawn glyphs are cropped, scaled and centred, as MNIST's were."""

from typing import Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, PositiveInt
from scipy import ndimage

from digits.core.errors import UserError

SAMPLE = 1000  # training images show what all have in common
MARGIN, BLACK_MARGIN = 2, 0.99  # pixels along a glyph's border, and the share of them that is black
WORKING_SIZE = 200  # pixels of an image's longer side, up to twice as many, while ink is separated from paper
LEAST_CONTRAST = 12  # of 255 levels: with less there is no drawing
INK = 0.4  # of the strongest ink: a part that never reaches it is a shadow
SPECK = 0.02  # of the largest part's pixels: a smaller part is dirt
OVERSAMPLING = 4  # while strokes are made thicker
THIN_STROKE = 1.8  # pixels: 1 in 100 of MNIST's training images has thinner strokes
USUAL_STROKE = 2.8  # pixels: the median in MNIST's training images


class Preprocessing(BaseModel):
    """What the training images have in common."""

    model_config = ConfigDict(frozen=True)

    shape: tuple[PositiveInt, PositiveInt, Literal[1, 3]]
    kind: Literal["glyph", "image"]  # a bright glyph on black, or anything
    glyph_size: int = 0  # pixels of a glyph's longer side


def measure(images: np.ndarray) -> Preprocessing:
    images, shape = images[:: max(1, len(images) // SAMPLE)], images.shape[1:]
    border = np.ones(shape[:2], bool)
    border[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    if shape[2] != 1 or (images[:, border] == 0).mean() < BLACK_MARGIN:
        return Preprocessing(shape=shape, kind="image")
    sizes = [max(cropped(each[..., 0]).shape) for each in images]
    return Preprocessing(shape=shape, kind="glyph", glyph_size=int(np.median(sizes)))


def preprocess(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """As the network takes it: uint8, height × width × channels."""
    return (glyph if preprocessing.kind == "glyph" else whole)(image, preprocessing)


def whole(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """All of the image with its proportions, and black where it does not reach."""
    height, width, channels = preprocessing.shape
    image = image.convert("L" if channels == 1 else "RGB")
    scale = min(height / image.height, width / image.width)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    page = Image.new(image.mode, (width, height))
    page.paste(image.resize(size, Image.Resampling.BOX), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(page).reshape(preprocessing.shape)


def glyph(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    size = preprocessing.glyph_size
    ink = cropped(without_dirt(cropped(ink_of(image))))
    ink = thickened(ink, size)
    ink = scaled(ink, fitted(size, ink, preprocessing.shape))
    return centred(ink * (255 / ink.max()), preprocessing.shape[:2])[..., np.newaxis]


def ink_of(image: Image.Image) -> np.ndarray:
    """How far each pixel is from the paper's colour, whichever of the two is darker, as uint8."""
    image = image.convert("L" if image.mode == "L" else "RGB")
    image = image.reduce(max(1, max(image.size) // WORKING_SIZE))
    # In that of the channels in which they differ most.
    ink = np.maximum.reduce([from_paper(np.asarray(channel)) for channel in image.split()])
    # Paper is never of one colour: differences as small as its own grain are not ink.
    grain = np.uint8(min(4 * np.median(border_of(ink)), 255))
    ink = np.maximum(ink, grain) - grain
    if ink.max() < LEAST_CONTRAST:
        raise UserError("nothing is drawn on it, or too faintly to be told from the paper")
    return ink


def from_paper(levels: np.ndarray) -> np.ndarray:
    paper = np.uint8(np.median(border_of(levels)))
    return np.maximum(levels, paper) - np.minimum(levels, paper)


def border_of(levels: np.ndarray) -> np.ndarray:
    return np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])


def without_dirt(ink: np.ndarray) -> np.ndarray:
    """From 0 to 1. Specks go first, as one may be darker than all that is drawn; then what is faint beside the rest."""
    parts, count = ndimage.label(ink > 0, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    ink = np.where((sizes >= SPECK * sizes.max())[parts], ink, 0)
    ink = ink / np.float32(ink.max())
    strong = np.bincount(parts[ink >= INK], minlength=count + 1) > 0
    return np.where(strong[parts], ink, 0)


def cropped(ink: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else ink[:0, :0]


def thickened(ink: np.ndarray, size: int) -> np.ndarray:
    """Strokes thinner than any in the training images get the usual width, for the network would hardly see them."""
    fine = scaled(ink, OVERSAMPLING * size)
    inside = fine > INK * fine.max()
    # Across a stroke, the distance to its border is a quarter of its width on average.
    width = 4 * ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][inside].mean() / OVERSAMPLING
    if width >= THIN_STROKE:
        return ink
    radius = round(OVERSAMPLING * (USUAL_STROKE - width) / 2)
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    return ndimage.grey_dilation(np.pad(fine, radius), footprint=disc)


def scaled(ink: np.ndarray, longest: int) -> np.ndarray:
    scale = longest / max(ink.shape)
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BOX))


def fitted(longest: int, ink: np.ndarray, page: tuple[int, ...]) -> int:
    """As long as the training images' glyphs are, or less, where the page is too small for that."""
    return int(min(longest, *(side * max(ink.shape) / length for side, length in zip(page, ink.shape, strict=False))))


def centred(ink: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The centre of its mass in the middle, as far as the ink still fits."""
    page = np.zeros(shape, np.uint8)
    top, left = (
        int(np.clip(round(side / 2 - middle), 0, side - length))
        for side, middle, length in zip(shape, ndimage.center_of_mass(ink), ink.shape, strict=True)
    )
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = np.round(ink)
    return page
