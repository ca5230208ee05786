import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from digits.core.errors import UserError
from digits.data.preprocessing import Preprocessing, infer_preprocessing, preprocess
from tests.images import MNIST, stripes


def draw_seven(pen: int = 20, side: int = 400, position: tuple[int, int] = (100, 80), size: int = 200) -> Image.Image:
    canvas = Image.new("L", (side, side), 255)
    x, y = position
    ImageDraw.Draw(canvas).line([(x, y), (x + size * 0.6, y), (x + size * 0.3, y + size)], 0, pen, "curve")
    return canvas


def glyph_size(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean difference in levels, of the best match within one pixel: rounding may shift a glyph."""
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return min(float(np.abs(np.roll(first, shift, (0, 1)).astype(float) - second).mean()) for shift in shifts)


def test_glyphs_on_black_are_distinguished_from_other_images():
    glyphs = np.zeros((5, 28, 28, 1), np.uint8)
    glyphs[:, 4:24, 10:15] = 200
    assert infer_preprocessing(glyphs) == MNIST
    assert infer_preprocessing(255 - glyphs) == Preprocessing(shape=(28, 28, 1), kind="image")
    assert infer_preprocessing(stripes(8).images) == Preprocessing(shape=(12, 10, 3), kind="image")


def test_a_glyph_is_scaled_and_centred_bright_on_black():
    image = preprocess(draw_seven(), MNIST)
    assert (image.shape, image.dtype, image.max()) == ((28, 28, 1), np.uint8, 255)
    assert max(glyph_size(image[..., 0])) == 20
    rows, columns = np.mgrid[:28, :28]
    weights = image[..., 0] / image.sum()
    assert abs((rows * weights).sum() - 14) <= 0.6
    assert abs((columns * weights).sum() - 14) <= 0.6


def test_a_preprocessed_image_does_not_change_again():
    image = preprocess(draw_seven(), MNIST)
    assert difference(preprocess(Image.fromarray(image[..., 0]), MNIST), image) < 1


@pytest.mark.parametrize(
    "image",
    [
        draw_seven(position=(10, 190)),
        draw_seven(pen=5, side=100, position=(20, 20), size=50),
        Image.eval(draw_seven(), lambda level: 255 - level),
        Image.eval(draw_seven(), lambda level: 90 + level // 4),
        draw_seven().convert("RGB"),
        Image.merge("RGB", (draw_seven(), draw_seven(), Image.new("L", (400, 400), 255))),
    ],
    ids=["off-centre", "small", "inverted", "faint", "colour", "yellow background"],
)
def test_position_size_and_colours_of_a_drawing_do_not_matter(image):
    assert difference(preprocess(image, MNIST), preprocess(draw_seven(), MNIST)) < 6


def test_thin_strokes_become_as_wide_as_in_training_images():
    thin, thick = preprocess(draw_seven(pen=2), MNIST), preprocess(draw_seven(), MNIST)
    assert difference(thin, thick) < 10
    assert (thin > 100).sum() > 35


def test_specks_and_background_noise_are_removed():
    rng = np.random.default_rng(0)
    dirty = np.asarray(draw_seven(), float) - 20 + rng.normal(0, 5, (400, 400))
    dirty[5:9, 390:394] = 0
    canvas = Image.fromarray(np.clip(dirty, 0, 255).astype(np.uint8))
    assert difference(preprocess(canvas, MNIST), preprocess(draw_seven(), MNIST)) < 3


def test_specks_darker_than_the_drawing_are_removed():
    faint = Image.eval(draw_seven(), lambda level: 200 + level // 5)
    for x, y in ((20, 20), (380, 30), (200, 390)):
        ImageDraw.Draw(faint).rectangle((x, y, x + 5, y + 5), 0)
    assert difference(preprocess(faint, MNIST), preprocess(draw_seven(), MNIST)) < 3


def test_a_glyph_keeps_separate_strokes():
    connected = draw_seven()
    ImageDraw.Draw(connected).line([(100, 200), (220, 200)], 0, 20)
    separate = draw_seven()
    ImageDraw.Draw(separate).line([(240, 200), (300, 200)], 0, 20)
    assert glyph_size(preprocess(separate, MNIST)[..., 0])[1] > glyph_size(preprocess(connected, MNIST)[..., 0])[1]


@pytest.mark.parametrize("shape", [(28, 14, 1), (14, 28, 1)])
def test_a_glyph_is_reduced_to_fit_a_narrow_image(shape):
    narrow = Preprocessing(shape=shape, kind="glyph", glyph_size=20)
    canvas = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(canvas).ellipse((50, 50, 350, 350), outline=0, width=30)
    assert glyph_size(preprocess(canvas, narrow)[..., 0]) == (14, 14)


@pytest.mark.parametrize("image", [Image.new("L", (50, 50), 255), Image.new("RGB", (1, 1)), Image.new("L", (9, 9), 3)])
def test_a_blank_image_is_rejected(image):
    with pytest.raises(UserError, match="nothing is drawn on it"):
        preprocess(image, MNIST)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
def test_any_image_is_preprocessed_or_rejected(height, width, seed, colour):
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(levels if colour else levels[..., 0])
    for preprocessing in (
        MNIST,
        Preprocessing(shape=(12, 10, 3), kind="image"),
        Preprocessing(shape=(8, 8, 1), kind="image"),
    ):
        try:
            preprocessed = preprocess(image, preprocessing)
        except UserError:
            continue
        assert (preprocessed.shape, preprocessed.dtype) == (preprocessing.shape, np.uint8)


def test_an_image_keeps_its_proportions_and_is_padded_with_black():
    preprocessing = Preprocessing(shape=(12, 10, 3), kind="image")
    image = preprocess(Image.new("RGB", (200, 100), (255, 0, 0)), preprocessing)
    assert glyph_size(image[..., 0]) == (5, 10)
    assert (image[..., 1:] == 0).all()
    fitting = stripes(1).images[0]
    assert (preprocess(Image.fromarray(fitting), preprocessing) == fitting).all()
