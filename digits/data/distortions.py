"""Functions that corrupt images. Each takes images, a strength and a random generator for each image."""

import io
from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image
from scipy import ndimage

ImageBatch = np.ndarray  # uint8, n × height × width × channels

WHITE = 255
ELASTIC_SCALE = 15  # % of the side: standard deviation of the Gaussian that smooths the displacements
LINE_WIDTH = 2  # % of the side


class Generators:
    """A random generator for each image. The first axis of all random numbers is that of the images."""

    def __init__(self, seeds: Iterable[int]) -> None:
        self.generators = [np.random.default_rng(seed) for seed in seeds]

    def random(self, *shape: int) -> np.ndarray:
        return np.stack([generator.random(shape) for generator in self.generators])

    def standard_normal(self, *shape: int) -> np.ndarray:
        return np.stack([generator.standard_normal(shape, np.float32) for generator in self.generators])


def shift(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    direction = 2 * np.pi * rng.random()
    return rotate_and_shift(images, np.zeros(len(images)), *offsets(direction, to_pixels(images, percent)))


def rotate(images: ImageBatch, degrees: float, rng: Generators) -> ImageBatch:
    angle = np.radians(degrees) * np.where(rng.random() < 0.5, -1, 1)
    return rotate_and_shift(images, angle, np.zeros(len(images)), np.zeros(len(images)))


def add_noise(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    return to_uint8(images + percent / 100 * WHITE * rng.standard_normal(*images.shape[1:]))


def blur(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    # Not by matrix products: their floating-point results differ between processors, and so would the pixels.
    sigma = to_pixels(images, percent)
    return to_uint8(ndimage.gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0), mode="nearest"))


def reduce_contrast(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    """Keep `percent` of the contrast. (In augmentation, the strength is the share of the contrast that is lost.)"""
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return to_uint8(mean + percent / 100 * (images - mean))


def brighten(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    return to_uint8(images + np.float32(percent / 100 * WHITE))


def occlude(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    """Cover a random square with black."""
    side = max(1, round(to_pixels(images, percent)))
    mask = np.ones((len(images), 1, 1), bool)
    for axis, position in zip((1, 2), rng.random(2).T, strict=True):
        start = np.floor(position * (images.shape[axis] - side + 1))[:, np.newaxis]
        coordinates = np.arange(images.shape[axis])
        mask = mask & np.expand_dims((coordinates >= start) & (coordinates < start + side), 3 - axis)
    return np.where(mask[..., np.newaxis], np.uint8(0), images)


def salt_and_pepper(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    uniform = rng.random(*images.shape[1:3], 1)
    salted = np.where(uniform < percent / 200, np.uint8(WHITE), images)
    return np.where(uniform > 1 - percent / 200, np.uint8(0), salted)


def motion_blur(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    length = to_pixels(images, percent)
    down, right = offsets(np.pi * rng.random(), length)
    times = np.linspace(-0.5, 0.5, 1 + int(np.ceil(length)))
    no_rotation = np.zeros(len(images))
    frames = [rotate_and_shift(images, no_rotation, time * down, time * right) for time in times]
    return to_uint8(np.mean(frames, axis=0, dtype=np.float32))


def compress(images: ImageBatch, quality: float, _: Generators) -> ImageBatch:
    def save_as_jpeg(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(quality))
        return Image.open(file)

    return map_images(images, save_as_jpeg)


def lower_resolution(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    height, width = images.shape[1:3]
    low = tuple(max(1, round(percent / 100 * size)) for size in (width, height))
    box = Image.Resampling.BOX
    return map_images(images, lambda image: image.resize(low, box).resize((width, height), box))


def elastic(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    height, width = images.shape[1:3]
    noise = rng.standard_normal(2, height, width)
    sigma = to_pixels(images, ELASTIC_SCALE)
    displacement = ndimage.gaussian_filter(noise, (0, 0, sigma, sigma))
    displacement *= to_pixels(images, percent) / np.sqrt((displacement**2).mean(axis=(1, 2, 3), keepdims=True))
    y, x = np.indices((height, width), np.float32)
    return interpolate(images, y + displacement[:, 0], x + displacement[:, 1])


def perspective(images: ImageBatch, percent: float, rng: Generators) -> ImageBatch:
    y, x = centred_coordinates(images)
    down, right = offsets(2 * np.pi * rng.random(1, 1), 1)
    depth = (down * y + right * x) / (np.hypot(*images.shape[1:3]) / 2)  # -1 to 1, from one side to the other
    scale = 1 + percent / 100 * depth
    centre_y, centre_x = image_centre(images)
    return interpolate(images, y / scale + centre_y, x / scale + centre_x)


def thicken(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    return dilate_or_erode(images, to_pixels(images, percent), ndimage.maximum_filter)


def thin(images: ImageBatch, percent: float, _: Generators) -> ImageBatch:
    return dilate_or_erode(images, to_pixels(images, percent), ndimage.minimum_filter)


def cross_out(images: ImageBatch, n_lines: float, rng: Generators) -> ImageBatch:
    uniform = rng.random(int(n_lines), 2, 1, 1)
    y, x = centred_coordinates(images)
    down, right = offsets(np.pi * uniform[:, :, 0], 1)
    distance = np.abs(down * y + right * x - (uniform[:, :, 1] - 0.5) * to_pixels(images, 100))
    brightness = np.clip((1 + to_pixels(images, LINE_WIDTH)) / 2 - distance, 0, 1).max(axis=1)
    return np.maximum(images, to_uint8(WHITE * brightness)[..., np.newaxis])


def to_pixels(images: ImageBatch, percent: float) -> float:
    """Convert a percentage of the shorter side."""
    return percent / 100 * min(images.shape[1:3])


def offsets(direction: np.ndarray, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the offsets down and to the right."""
    return distance * np.sin(direction), distance * np.cos(direction)


def image_centre(images: ImageBatch) -> tuple[float, float]:
    return (images.shape[1] - 1) / 2, (images.shape[2] - 1) / 2


def centred_coordinates(images: ImageBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return y as a column and x as a row, both 0 at the centre."""
    y, x = image_centre(images)
    return np.arange(images.shape[1]).reshape(-1, 1) - y, np.arange(images.shape[2]).reshape(1, -1) - x


def rotate_and_shift(images: ImageBatch, angle: np.ndarray, down: np.ndarray, right: np.ndarray) -> ImageBatch:
    """Rotate images about their centres, then shift them. Edge pixels are repeated outwards, as in augmentation."""
    cos, sin, down, right = (
        values.astype(np.float32).reshape(-1, 1, 1) for values in (np.cos(angle), np.sin(angle), down, right)
    )
    y, x = centred_coordinates(images)
    y, x = y.astype(np.float32) - down, x.astype(np.float32) - right
    centre_y, centre_x = image_centre(images)
    # The inverse transform: from coordinates in the new image to those in the original.
    return interpolate(images, cos * y - sin * x + centre_y, sin * y + cos * x + centre_x)


def interpolate(images: ImageBatch, y: np.ndarray, x: np.ndarray) -> ImageBatch:
    """Sample images at the coordinates y and x, bilinearly."""
    n_images, height, width, channels = images.shape
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    top, left = y.astype(np.int32), x.astype(np.int32)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    y, x = ((coordinate % 1)[..., np.newaxis] for coordinate in (y, x))
    flat = images.reshape(-1, channels)
    first_pixel = (np.arange(n_images) * height * width).reshape(-1, 1, 1)
    top_row, bottom_row = first_pixel + top * width, first_pixel + bottom * width
    upper = (1 - x) * flat[top_row + left] + x * flat[top_row + right]
    lower = (1 - x) * flat[bottom_row + left] + x * flat[bottom_row + right]
    return to_uint8((1 - y) * upper + y * lower)


def dilate_or_erode(images: ImageBatch, width: float, extreme_filter: Callable[..., ImageBatch]) -> ImageBatch:
    """Replace each pixel by the extreme in a square around it; fractions of a pixel mix two square sizes."""
    whole, fraction = int(width), width % 1
    narrow, wide = (extreme_filter(images, size=(1, side, side, 1)) for side in (1 + whole, 2 + whole))
    return to_uint8((1 - fraction) * narrow + fraction * wide)


def map_images(images: ImageBatch, change: Callable[[Image.Image], Image.Image]) -> ImageBatch:
    changed = np.empty(images.shape, np.uint8)
    grey = images.shape[-1] == 1
    for index, image in enumerate(images):
        pil_image = Image.fromarray(image[..., 0] if grey else image)
        changed[index] = np.asarray(change(pil_image)).reshape(image.shape)
    return changed


def to_uint8(values: np.ndarray) -> ImageBatch:
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint8)
