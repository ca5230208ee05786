"""Make images: striped ones that a model learns in a few epochs, and noise as arrays and as files."""

import io

import numpy as np
from PIL import Image

from digits.data.dataset import Split
from digits.data.preprocessing import Preprocessing

MNIST = Preprocessing(shape=(28, 28, 1), kind="glyph", glyph_size=20)
RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (30, 4, 4), np.uint8),
    "y_train": RANDOM.integers(0, 10, 30, np.uint8),
    "x_test": RANDOM.integers(0, 256, (10, 4, 4), np.uint8),
    "y_test": RANDOM.integers(0, 10, 10, np.uint8),
}


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


NPZ = npz(**ARRAYS)


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def stripes(n_images: int, shape: tuple[int, int, int] = (12, 10, 3), classes: int = 4, seed: int = 0) -> Split:
    """Noise with a bright row, whose position is the class."""
    random = np.random.default_rng(seed)
    labels = np.arange(n_images, dtype=np.int32) % classes
    images = random.integers(0, 80, (n_images, *shape), dtype=np.uint8)
    images[np.arange(n_images), 2 + 2 * labels] += 150
    return Split(images, labels)
