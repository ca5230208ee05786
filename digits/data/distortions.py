"""What makes images hard to read: each function takes images, a strength, and where it draws, a generator.

Each draws once, image by image, so that an image's draw depends on its place and not on how many others there are.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

Images = np.ndarray  # uint8, count × height × width × channels
Random = np.random.Generator

WHITE = 255
BEND = 15  # % of the side: how far a bend reaches
LINE = 2  # % of the side: how thick a line is


def shift(images: Images, percent: float, random: Random) -> Images:
    direction = 2 * np.pi * random.random(len(images))
    return transform(images, np.zeros(len(images)), *along(direction, pixels(images, percent)))


def rotate(images: Images, degrees: float, random: Random) -> Images:
    angle = np.radians(degrees) * np.where(random.random(len(images)) < 0.5, -1, 1)
    return transform(images, angle, np.zeros(len(images)), np.zeros(len(images)))


def add_noise(images: Images, percent: float, random: Random) -> Images:
    return as_pixels(images + percent / 100 * WHITE * random.standard_normal(images.shape, np.float32))


def blur(images: Images, percent: float, _: Random) -> Images:
    # Not by products of matrices: other processors would add up in another order, and round to other pixels.
    deviation = pixels(images, percent)
    smooth = ndimage.gaussian_filter(images.astype(np.float32), (0, deviation, deviation, 0), mode="nearest")
    return as_pixels(smooth)


def reduce_contrast(images: Images, percent: float, _: Random) -> Images:
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return as_pixels(mean + percent / 100 * (images - mean))


def brighten(images: Images, percent: float, _: Random) -> Images:
    return as_pixels(images + np.float32(percent / 100 * WHITE))


def occlude(images: Images, percent: float, random: Random) -> Images:
    edge = max(1, round(pixels(images, percent)))
    hidden = np.ones((len(images), 1, 1), bool)
    for axis, place in zip((1, 2), random.random((len(images), 2)).T, strict=True):
        begin = np.floor(place * (images.shape[axis] - edge + 1))[:, np.newaxis]
        lines = np.arange(images.shape[axis])
        hidden = hidden & np.expand_dims((lines >= begin) & (lines < begin + edge), 3 - axis)
    return np.where(hidden[..., np.newaxis], np.uint8(0), images)


def salt_and_pepper(images: Images, percent: float, random: Random) -> Images:
    drawn = random.random((*images.shape[:3], 1))
    salted = np.where(drawn < percent / 200, np.uint8(WHITE), images)
    return np.where(drawn > 1 - percent / 200, np.uint8(0), salted)


def motion_blur(images: Images, percent: float, random: Random) -> Images:
    length = pixels(images, percent)
    down, right = along(np.pi * random.random(len(images)), length)
    moments = np.linspace(-0.5, 0.5, 1 + int(np.ceil(length)))
    still = np.zeros(len(images))
    exposed = [transform(images, still, moment * down, moment * right) for moment in moments]
    return as_pixels(np.mean(exposed, axis=0, dtype=np.float32))


def compress(images: Images, quality: float, _: Random) -> Images:
    def reopened(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(quality))
        return Image.open(file)

    return picture_by_picture(images, reopened)


def lower_resolution(images: Images, percent: float, _: Random) -> Images:
    height, width = images.shape[1:3]
    small = tuple(max(1, round(percent / 100 * size)) for size in (width, height))
    box = Image.Resampling.BOX
    return picture_by_picture(images, lambda picture: picture.resize(small, box).resize((width, height), box))


def elastic(images: Images, percent: float, random: Random) -> Images:
    height, width = images.shape[1:3]
    drawn = random.standard_normal((len(images), 2, height, width), np.float32)
    reach = pixels(images, BEND)
    field = ndimage.gaussian_filter(drawn, (0, 0, reach, reach))
    field *= pixels(images, percent) / np.sqrt((field**2).mean(axis=(1, 2, 3), keepdims=True))
    y, x = np.indices((height, width), np.float32)
    return interpolate(images, y + field[:, 0], x + field[:, 1])


def perspective(images: Images, percent: float, random: Random) -> Images:
    y, x = from_middle(images)
    down, right = along(2 * np.pi * random.random((len(images), 1, 1)), 1)
    towards = (down * y + right * x) / (np.hypot(*images.shape[1:3]) / 2)  # -1 to 1, from one side to the other
    size = 1 + percent / 100 * towards
    top, left = middle(images)
    return interpolate(images, y / size + top, x / size + left)


def thicken(images: Images, percent: float, _: Random) -> Images:
    return spread(images, pixels(images, percent), ndimage.maximum_filter)


def thin(images: Images, percent: float, _: Random) -> Images:
    return spread(images, pixels(images, percent), ndimage.minimum_filter)


def cross_out(images: Images, lines: float, random: Random) -> Images:
    drawn = random.random((len(images), int(lines), 2, 1, 1))
    y, x = from_middle(images)
    down, right = along(np.pi * drawn[:, :, 0], 1)
    distance = np.abs(down * y + right * x - (drawn[:, :, 1] - 0.5) * pixels(images, 100))
    light = np.clip((1 + pixels(images, LINE)) / 2 - distance, 0, 1).max(axis=1)
    return np.maximum(images, as_pixels(WHITE * light)[..., np.newaxis])


def pixels(images: Images, percent: float) -> float:
    """Of the shorter side."""
    return percent / 100 * min(images.shape[1:3])


def along(direction: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """How far down, and how far to the right."""
    return distance * np.sin(direction), distance * np.cos(direction)


def middle(images: Images) -> tuple[float, float]:
    return (images.shape[1] - 1) / 2, (images.shape[2] - 1) / 2


def from_middle(images: Images) -> tuple[np.ndarray, np.ndarray]:
    top, left = middle(images)
    return np.arange(images.shape[1]).reshape(-1, 1) - top, np.arange(images.shape[2]).reshape(1, -1) - left


def transform(images: Images, angle: np.ndarray, down: np.ndarray, right: np.ndarray) -> Images:
    """Each image rotated about its centre, then shifted; edge pixels continue outwards, as when training augments."""
    columns = (each.astype(np.float32).reshape(-1, 1, 1) for each in (np.cos(angle), np.sin(angle), down, right))
    cos, sin, down, right = columns
    y, x = from_middle(images)
    y, x = y.astype(np.float32) - down, x.astype(np.float32) - right
    top, left = middle(images)
    # From a place in the new image to its place in the old one.
    return interpolate(images, cos * y - sin * x + top, sin * y + cos * x + left)


def interpolate(images: Images, y: np.ndarray, x: np.ndarray) -> Images:
    """Bilinear."""
    count, height, width, channels = images.shape
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    top, left = y.astype(np.int32), x.astype(np.int32)
    bottom, beside = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    y, x = ((part % 1)[..., np.newaxis] for part in (y, x))
    flat = images.reshape(-1, channels)
    first = (np.arange(count) * height * width).reshape(-1, 1, 1)
    upper, lower = first + top * width, first + bottom * width
    above = (1 - x) * flat[upper + left] + x * flat[upper + beside]
    below = (1 - x) * flat[lower + left] + x * flat[lower + beside]
    return as_pixels((1 - y) * above + y * below)


def spread(images: Images, distance: float, extreme: Callable[..., Images]) -> Images:
    """Each pixel the extreme of a square about it; between whole numbers of pixels, a mixture."""
    whole, part = int(distance), distance % 1
    less, more = (extreme(images, size=(1, edge, edge, 1)) for edge in (1 + whole, 2 + whole))
    return as_pixels((1 - part) * less + part * more)


def picture_by_picture(images: Images, change: Callable[[Image.Image], Image.Image]) -> Images:
    changed = np.empty(images.shape, np.uint8)
    grey = images.shape[-1] == 1
    for place, image in enumerate(images):
        picture = Image.fromarray(image[..., 0] if grey else image)
        changed[place] = np.asarray(change(picture)).reshape(image.shape)
    return changed


def as_pixels(values: np.ndarray) -> Images:
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint8)
