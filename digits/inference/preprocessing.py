"""A new picture laid as the training images lie: for drawn signs, MNIST's own way of cropping, scaling and centring."""

from typing import Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from digits.common.errors import UserError

ENOUGH = 1000  # training images tell what all have in common
MARGIN, CLEAR = 2, 0.99  # so many pixels round a sign's image, of which so many are black
WORKING = 200  # pixels of a picture's longer side, or up to twice as many, while ink is told from paper
FAINTEST = 12  # of 255 levels: with less contrast there is no drawing
CERTAIN = 0.4  # of the strongest ink: what never reaches it is a shadow
SPECK = 0.02  # of the largest stroke's pixels: what has fewer is dirt
FINE = 4  # times as many pixels as the network has, while strokes are made thicker
FINEST = 1.8  # of the network's pixels: 1 in 100 of MNIST's training images has finer strokes
USUAL = 2.8  # as wide are they in the median


class Preprocessing(BaseModel):
    """What the training images have in common."""

    model_config = ConfigDict(frozen=True)

    shape: tuple[int, int, int]
    kind: Literal["sign", "picture"]  # a bright sign on black, or anything
    box: int = 0  # pixels of a sign's longer side


def measure(images: np.ndarray) -> Preprocessing:
    images, shape = images[:: max(1, len(images) // ENOUGH)], images.shape[1:]
    outer = np.ones(shape[:2], bool)
    outer[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    if shape[2] != 1 or (images[:, outer] == 0).mean() < CLEAR:
        return Preprocessing(shape=shape, kind="picture")
    return Preprocessing(
        shape=shape, kind="sign", box=int(np.median([max(cropped(each[..., 0]).shape) for each in images]))
    )


def place(picture: Image.Image, placing: Preprocessing) -> np.ndarray:
    """As the network takes it: uint8, height × width × channels."""
    return (sign if placing.kind == "sign" else whole)(picture, placing)


def whole(picture: Image.Image, placing: Preprocessing) -> np.ndarray:
    """All of it, its proportions kept, with black where it does not reach."""
    height, width, channels = placing.shape
    picture = picture.convert("L" if channels == 1 else "RGB")
    scale = min(height / picture.height, width / picture.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    page = Image.new(picture.mode, (width, height))
    page.paste(picture.resize(size, Image.Resampling.BOX), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(page).reshape(placing.shape)


def sign(picture: Image.Image, placing: Preprocessing) -> np.ndarray:
    ink = cropped(without_dirt(cropped(ink_of(picture))))
    ink = scaled(thickened(ink, placing.box), placing.box)
    return centred(ink * (255 / ink.max()), placing.shape[:2])[..., np.newaxis]


def ink_of(picture: Image.Image) -> np.ndarray:
    """How far each pixel is from the paper's colour, whichever of the two is darker, as uint8."""
    picture = picture.convert("L" if picture.mode == "L" else "RGB")
    picture = picture.reduce(max(1, max(picture.size) // WORKING))
    # In that of the channels in which they differ most.
    ink = np.maximum.reduce([from_paper(np.asarray(channel)) for channel in picture.split()])
    # Paper is never of one colour: what its own grain reaches is no ink.
    grain = np.uint8(min(4 * np.median(margin(ink)), 255))
    ink = np.maximum(ink, grain) - grain
    if ink.max() < FAINTEST:
        raise UserError("nothing is drawn on it, or too faintly to be told from the paper")
    return ink


def from_paper(levels: np.ndarray) -> np.ndarray:
    paper = np.uint8(np.median(margin(levels)))
    return np.maximum(levels, paper) - np.minimum(levels, paper)


def margin(levels: np.ndarray) -> np.ndarray:
    return np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])


def without_dirt(ink: np.ndarray) -> np.ndarray:
    """From 0 to 1. Specks go first, as one may be darker than all that is drawn; then what is faint beside the rest."""
    parts, count = ndimage.label(ink > 0, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    ink = np.where((sizes >= SPECK * sizes.max())[parts], ink, 0)
    ink = ink / np.float32(ink.max())
    strong = np.bincount(parts[ink >= CERTAIN], minlength=count + 1) > 0
    return np.where(strong[parts], ink, 0)


def cropped(ink: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else ink[:0, :0]


def thickened(ink: np.ndarray, box: int) -> np.ndarray:
    """Strokes finer than any in the training images, as wide as usual there: the network would hardly see them."""
    fine = scaled(ink, FINE * box)
    inside = fine > CERTAIN * fine.max()
    # Across a stroke, the distance to its border is a quarter of its width on average.
    width = 4 * ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][inside].mean() / FINE
    if width >= FINEST:
        return ink
    reach = round(FINE * (USUAL - width) / 2)
    disc = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach
    return ndimage.grey_dilation(np.pad(fine, reach), footprint=disc)


def scaled(ink: np.ndarray, longest: int) -> np.ndarray:
    scale = longest / max(ink.shape)
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BOX))


def centred(ink: np.ndarray, page: tuple[int, int]) -> np.ndarray:
    """By its mass, as far as the page goes."""
    result = np.zeros(page, np.uint8)
    corner = [
        int(np.clip(round(side / 2 - middle), 0, side - length))
        for side, middle, length in zip(page, ndimage.center_of_mass(ink), ink.shape, strict=True)
    ]
    result[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = np.round(ink)
    return result
