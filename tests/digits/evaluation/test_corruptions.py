import numpy as np
import pytest

from digits.evaluation import corruptions
from digits.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt, gaussian, meaning, transform
from tests.images import stripes

ZERO = np.zeros(1)
IMAGES = stripes(40).images
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)

every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


def far(images: np.ndarray, name: str, severity: int) -> float:
    return float(np.abs(corrupt(images, name, severity).astype(float) - images).mean())


@every_corruption
@pytest.mark.parametrize("images", [IMAGES, GREY, GREY[:, :5, :3], GREY[:1], GREY[:0]])
def test_images_of_any_size_stay_images_of_that_size(name, images):
    for severity in SEVERITIES:
        corrupted = corrupt(images, name, severity)
        assert (corrupted.dtype, corrupted.shape) == (np.uint8, images.shape)


@every_corruption
def test_severity_0_is_the_image_as_it_is(name):
    np.testing.assert_array_equal(corrupt(IMAGES, name, 0), IMAGES)
    assert meaning(name, 0) == "as it is"


@every_corruption
def test_each_severity_says_its_strength_in_a_unit(name):
    assert len(CORRUPTIONS[name].strengths) == len(SEVERITIES)
    for severity, strength in zip(SEVERITIES, CORRUPTIONS[name].strengths, strict=True):
        assert f"{strength}" in meaning(name, severity)


@every_corruption
def test_a_higher_severity_changes_an_image_more(name):
    smooth = corrupt(GREY, "blur", 2)  # between pixels that have nothing in common, any shift is as large as another
    changes = [far(smooth, name, severity) for severity in SEVERITIES]
    assert changes[0] > 0
    assert changes == sorted(changes)


@every_corruption
def test_the_same_images_get_the_same_corruption_however_many_come_after_them(name):
    for severity in SEVERITIES:
        np.testing.assert_array_equal(corrupt(IMAGES, name, severity)[:7], corrupt(IMAGES[:7], name, severity))


@pytest.mark.parametrize("name", ["shift", "rotation", "noise", "occlusion"])
def test_each_image_has_a_draw_of_its_own(name):
    twins = np.repeat(corrupt(GREY[:1], "blur", 1), 20, axis=0)
    assert len({image.tobytes() for image in corrupt(twins, name, 3)}) > 1


@every_corruption
def test_images_that_may_not_be_written_to_are_left_as_they_are(name):
    images = GREY.copy()
    images.flags.writeable = False
    corrupt(images, name, 4)
    np.testing.assert_array_equal(images, GREY)


def test_a_flat_image_is_blurred_and_faded_to_itself():
    flat = np.full((2, 9, 6, 3), 90, np.uint8)
    for name in ("blur", "contrast"):
        np.testing.assert_array_equal(corrupt(flat, name, 4), flat)


def test_blur_takes_as_much_from_the_left_as_from_the_right():
    weights = gaussian(9, 1.5)[4]
    np.testing.assert_array_equal(weights, weights[::-1])
    assert weights.sum() == pytest.approx(1)


def test_contrast_keeps_the_mean_and_a_fifth_of_the_differences():
    faded = corrupt(GREY, "contrast", 4).astype(float)
    assert faded.mean(axis=(1, 2)) == pytest.approx(GREY.mean(axis=(1, 2)), abs=0.5)
    assert faded.std() == pytest.approx(GREY.std() / 5, rel=0.1)


def test_noise_has_the_deviation_it_says():
    middle = np.full((50, 28, 28, 1), 128, np.uint8)
    assert corrupt(middle, "noise", 1).std() == pytest.approx(25.5, rel=0.02)


def test_one_whole_square_is_covered_and_nothing_else():
    white = np.full((100, 20, 30, 1), 255, np.uint8)
    covered = corrupt(white, "occlusion", 4) == 0
    assert (covered.sum(axis=(1, 2, 3)) == 8 * 8).all()
    rows, columns = covered.any(axis=(2, 3)), covered.any(axis=(1, 3))
    assert (rows.sum(axis=1) == 8).all()
    assert (columns.sum(axis=1) == 8).all()
    assert columns.any(axis=0).all(), "anywhere in the image"


def test_a_shift_by_whole_pixels_moves_them_and_continues_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    down_and_right = transform(image, ZERO, np.ones(1), np.ones(1))
    assert down_and_right[0, ..., 0].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2], [4, 4, 5, 6]]


def test_a_quarter_turn_is_numpys():
    image = GREY[:1]
    turned = transform(image, np.full(1, np.pi / 2), ZERO, ZERO)
    np.testing.assert_array_equal(turned[0], np.rot90(image[0], -1))


def test_images_transformed_in_chunks_each_get_their_own_angle_and_shift(monkeypatch):
    turns = np.linspace(0, 1, len(GREY))
    whole = transform(GREY, turns, turns, -turns)
    monkeypatch.setattr(corruptions, "CHUNK", 7)
    np.testing.assert_array_equal(transform(GREY, turns, turns, -turns), whole)
