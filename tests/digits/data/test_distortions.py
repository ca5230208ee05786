import numpy as np
import pytest

from digits.data import distortions
from digits.data.distortions import Generators, rotate_and_shift

ZERO = np.zeros(1)
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
BAR = np.zeros((40, 20, 20, 1), np.uint8)
BAR[:, 5:15, 9:12] = 255  # ten pixels long, three wide


def distort(name: str, images: np.ndarray, strength: float) -> np.ndarray:
    return getattr(distortions, name)(images, strength, Generators(range(len(images))))


@pytest.mark.parametrize(
    "name", ["blur", "motion_blur", "reduce_contrast", "lower_resolution", "elastic", "perspective", "thicken"]
)
def test_a_uniform_image_does_not_change(name):
    uniform = np.full((2, 9, 6, 3), 90, np.uint8)
    np.testing.assert_array_equal(distort(name, uniform, 40), uniform)


def test_blur_is_symmetric():
    dot = np.zeros((1, 15, 15, 1), np.uint8)
    dot[0, 7, 7] = 255
    blurred = distort("blur", dot, 10)[0, ..., 0]
    np.testing.assert_array_equal(blurred, blurred[::-1])
    np.testing.assert_array_equal(blurred, blurred.T)
    assert blurred[7, 7] > blurred[7, 8] > blurred[7, 9] > 0


def test_reduced_contrast_keeps_the_mean():
    reduced = distort("reduce_contrast", GREY, 20).astype(float)
    assert reduced.mean(axis=(1, 2)) == pytest.approx(GREY.mean(axis=(1, 2)), abs=0.5)
    assert reduced.std() == pytest.approx(GREY.std() / 5, rel=0.1)


def test_brightness_is_added_and_limited_to_white():
    pixels = np.array([0, 100, 200], np.uint8).reshape(1, 1, 3, 1)
    assert distort("brighten", pixels, 40).ravel().tolist() == [102, 202, 255]


def test_noise_has_the_given_standard_deviation():
    grey = np.full((50, 28, 28, 1), 128, np.uint8)
    assert distort("add_noise", grey, 10).std() == pytest.approx(25.5, rel=0.02)


def test_salt_and_pepper_have_equal_shares_and_cover_all_channels():
    pixels = np.full((50, 28, 28, 3), 128, np.uint8)
    speckled = distort("salt_and_pepper", pixels, 20)
    for value in (0, 255):
        assert (speckled == value).all(axis=-1).mean() == pytest.approx(0.1, abs=0.01)
    assert (speckled == speckled[..., :1]).all()


def test_occlusion_covers_one_whole_square():
    white = np.full((100, 20, 30, 1), 255, np.uint8)
    covered = distort("occlude", white, 40) == 0
    assert (covered.sum(axis=(1, 2, 3)) == 8 * 8).all()
    rows, columns = covered.any(axis=(2, 3)), covered.any(axis=(1, 3))
    assert (rows.sum(axis=1) == 8).all()
    assert (columns.sum(axis=1) == 8).all()
    assert columns.any(axis=0).all(), "at any position"


def test_motion_blur_widens_strokes_and_keeps_the_brightness():
    blurred = distort("motion_blur", BAR, 20).astype(float)
    assert blurred.sum(axis=(1, 2, 3)) == pytest.approx(BAR.sum(axis=(1, 2, 3)), rel=0.02)
    width, height = ((blurred > 20).any(axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    assert ((width > 3) | (height > 10)).all()
    assert width.min() == 3
    assert width.max() == 7
    assert height.max() == 14


def stroke_width(images: np.ndarray) -> float:
    return images[0, 10, :, 0].sum() / 255


def test_strokes_become_wider_and_narrower_by_fractions_of_a_pixel():
    assert stroke_width(distort("thicken", BAR, 10)) == pytest.approx(3 + 2)
    assert stroke_width(distort("thin", BAR, 10)) == pytest.approx(3 - 2)
    assert stroke_width(distort("thicken", BAR, 2.5)) == pytest.approx(3.5, abs=0.01)


def test_a_lower_resolution_gives_uniform_blocks():
    low = distort("lower_resolution", GREY, 25)
    blocks = low.reshape(30, 7, 4, 7, 4)
    assert (blocks == blocks[:, :, :1, :, :1]).all()
    assert blocks[:, :, 0, :, 0] == pytest.approx(GREY.reshape(30, 7, 4, 7, 4).mean(axis=(2, 4)), abs=1)


def test_elastic_displacements_have_the_given_size_and_are_smooth():
    slope = np.tile(np.arange(0, 250, 5, dtype=np.uint8).reshape(1, 1, -1, 1), (20, 50, 1, 1))  # 5 levels a pixel
    displacement = (distort("elastic", slope, 4).astype(float) - slope)[:, 10:-10, 10:-10] / 5
    assert np.sqrt((displacement**2).mean()) == pytest.approx(2, rel=0.25)  # 4 % of 50
    assert np.abs(np.diff(displacement, axis=1)).mean() < 0.5


def test_perspective_enlarges_one_side():
    bright = distort("perspective", BAR, 50) > 127
    upper, lower = bright[:, :10].sum(axis=(1, 2, 3)), bright[:, 10:].sum(axis=(1, 2, 3))
    assert (upper > lower).any()
    assert (lower > upper).any()


def test_lines_add_brightness_in_proportion_to_their_number():
    black = np.zeros((50, 30, 30, 1), np.uint8)
    brightness = [distort("cross_out", black, n_lines).mean() for n_lines in (1, 2, 4)]
    assert brightness[1] == pytest.approx(2 * brightness[0], rel=0.2)
    assert brightness[2] == pytest.approx(4 * brightness[0], rel=0.2)
    assert (distort("cross_out", GREY, 4) >= GREY).all()


def test_a_shift_moves_pixels_and_repeats_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    shifted = rotate_and_shift(image, ZERO, np.ones(1), np.ones(1))
    assert shifted[0, ..., 0].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2], [4, 4, 5, 6]]


def test_a_quarter_turn_equals_numpys_rot90():
    image = GREY[:1]
    rotated = rotate_and_shift(image, np.full(1, np.pi / 2), ZERO, ZERO)
    np.testing.assert_array_equal(rotated[0], np.rot90(image[0], -1))
