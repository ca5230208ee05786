import numpy as np
import pytest

from digits.data import distortions as by
from digits.data.distortions import transform

ZERO = np.zeros(1)
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
BAR = np.zeros((40, 20, 20, 1), np.uint8)
BAR[:, 5:15, 9:12] = 255  # ten pixels long, three thick


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_a_flat_image_is_blurred_faded_and_bent_to_itself(random):
    flat = np.full((2, 9, 6, 3), 90, np.uint8)
    smooth = by.blur, by.motion_blur, by.reduce_contrast, by.lower_resolution
    for distort in (*smooth, by.elastic, by.perspective, by.thicken):
        np.testing.assert_array_equal(distort(flat, 40, random), flat)


def test_blur_takes_as_much_from_each_side(random):
    dot = np.zeros((1, 15, 15, 1), np.uint8)
    dot[0, 7, 7] = 255
    blurred = by.blur(dot, 10, random)[0, ..., 0]
    np.testing.assert_array_equal(blurred, blurred[::-1])
    np.testing.assert_array_equal(blurred, blurred.T)
    assert blurred[7, 7] > blurred[7, 8] > blurred[7, 9] > 0


def test_contrast_keeps_the_mean_and_a_fifth_of_the_differences(random):
    faded = by.reduce_contrast(GREY, 20, random).astype(float)
    assert faded.mean(axis=(1, 2)) == pytest.approx(GREY.mean(axis=(1, 2)), abs=0.5)
    assert faded.std() == pytest.approx(GREY.std() / 5, rel=0.1)


def test_brightness_is_added_up_to_white(random):
    pixels = np.array([0, 100, 200], np.uint8).reshape(1, 1, 3, 1)
    assert by.brighten(pixels, 40, random).ravel().tolist() == [102, 202, 255]


def test_noise_has_the_deviation_it_says(random):
    middle = np.full((50, 28, 28, 1), 128, np.uint8)
    assert by.add_noise(middle, 10, random).std() == pytest.approx(25.5, rel=0.02)


def test_salt_and_pepper_are_as_many_as_said_half_of_them_white_and_whole_pixels(random):
    pixels = np.full((50, 28, 28, 3), 128, np.uint8)
    peppered = by.salt_and_pepper(pixels, 20, random)
    for value in (0, 255):
        assert (peppered == value).all(axis=-1).mean() == pytest.approx(0.1, abs=0.01)
    assert (peppered == peppered[..., :1]).all()


def test_one_whole_square_is_covered_and_nothing_else(random):
    white = np.full((100, 20, 30, 1), 255, np.uint8)
    covered = by.occlude(white, 40, random) == 0
    assert (covered.sum(axis=(1, 2, 3)) == 8 * 8).all()
    rows, columns = covered.any(axis=(2, 3)), covered.any(axis=(1, 3))
    assert (rows.sum(axis=1) == 8).all()
    assert (columns.sum(axis=1) == 8).all()
    assert columns.any(axis=0).all(), "anywhere in the image"


def test_motion_smears_along_its_way_and_takes_no_light_away(random):
    smeared = by.motion_blur(BAR, 20, random).astype(float)
    assert smeared.sum(axis=(1, 2, 3)) == pytest.approx(BAR.sum(axis=(1, 2, 3)), rel=0.02)
    width, height = ((smeared > 20).any(axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    assert ((width > 3) | (height > 10)).all()
    assert width.min() == 3
    assert width.max() == 7
    assert height.max() == 14


def test_a_stroke_grows_and_shrinks_by_the_width_said_and_by_part_of_a_pixel(random):
    across = {name: distort(BAR, 10, random)[0, 10, :, 0] for name, distort in (("+", by.thicken), ("-", by.thin))}
    assert across["+"].sum() / 255 == pytest.approx(3 + 2)
    assert across["-"].sum() / 255 == pytest.approx(3 - 2)
    assert by.thicken(BAR, 2.5, random)[0, 10, :, 0].sum() / 255 == pytest.approx(3.5, abs=0.01)


def test_a_lower_resolution_leaves_blocks(random):
    coarse = by.lower_resolution(GREY, 25, random)
    blocks = coarse.reshape(30, 7, 4, 7, 4)
    assert (blocks == blocks[:, :, :1, :, :1]).all()
    assert blocks[:, :, 0, :, 0] == pytest.approx(GREY.reshape(30, 7, 4, 7, 4).mean(axis=(2, 4)), abs=1)


def test_bends_are_as_far_as_said_and_smooth(random):
    slope = np.tile(np.arange(0, 250, 5, dtype=np.uint8).reshape(1, 1, -1, 1), (20, 50, 1, 1))  # five a pixel
    moved = (by.elastic(slope, 4, random).astype(float) - slope)[:, 10:-10, 10:-10] / 5
    assert np.sqrt((moved**2).mean()) == pytest.approx(2, rel=0.25)  # 4 % of 50
    assert np.abs(np.diff(moved, axis=1)).mean() < 0.5


def test_one_edge_comes_nearer_and_the_other_goes_away(random):
    tilted = by.perspective(BAR, 50, random) > 127
    upper, lower = tilted[:, :10].sum(axis=(1, 2, 3)), tilted[:, 10:].sum(axis=(1, 2, 3))
    assert (upper > lower).any()
    assert (lower > upper).any()


def test_so_many_lines_cross_an_image_and_keep_the_rest(random):
    black = np.zeros((50, 30, 30, 1), np.uint8)
    light = [by.cross_out(black, lines, random).mean() for lines in (1, 2, 4)]
    assert light[1] == pytest.approx(2 * light[0], rel=0.2)
    assert light[2] == pytest.approx(4 * light[0], rel=0.2)
    assert (by.cross_out(GREY, 4, random) >= GREY).all()


def test_a_shift_by_whole_pixels_moves_them_and_continues_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    down_and_right = transform(image, ZERO, np.ones(1), np.ones(1))
    assert down_and_right[0, ..., 0].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2], [4, 4, 5, 6]]


def test_a_quarter_turn_is_numpys():
    image = GREY[:1]
    turned = transform(image, np.full(1, np.pi / 2), ZERO, ZERO)
    np.testing.assert_array_equal(turned[0], np.rot90(image[0], -1))
