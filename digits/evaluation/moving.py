"""Images turned and shifted, each in its own way."""

import numpy as np

Images = np.ndarray  # uint8, count × height × width × channels

WHITE = 255
AT_ONCE = 1000  # images: what is needed for each pixel of these stays below a few hundred megabytes


def moved(images: Images, turn: np.ndarray, down: np.ndarray, right: np.ndarray) -> Images:
    """Each turned about its middle, then shifted. Edges are continued outwards, as when training images are moved."""
    parts = [slice(start, start + AT_ONCE) for start in range(0, len(images), AT_ONCE)]
    return np.concatenate([images[:0], *(move(images[p], turn[p], down[p], right[p]) for p in parts)])


def move(images: Images, turn: np.ndarray, down: np.ndarray, right: np.ndarray) -> Images:
    height, width = images.shape[1:3]
    column = (each.astype(np.float32).reshape(-1, 1, 1) for each in (np.cos(turn), np.sin(turn), down, right))
    cos, sin, down, right = column
    middle = (height - 1) / 2, (width - 1) / 2
    y = np.arange(height, dtype=np.float32).reshape(1, -1, 1) - middle[0] - down
    x = np.arange(width, dtype=np.float32).reshape(1, 1, -1) - middle[1] - right
    # From a place in the new image to its place in the old one.
    return between_pixels(images, cos * y - sin * x + middle[0], sin * y + cos * x + middle[1])


def between_pixels(images: Images, y: np.ndarray, x: np.ndarray) -> Images:
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
    return pixels((1 - y) * above + y * below)


def pixels(values: np.ndarray) -> Images:
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint8)
