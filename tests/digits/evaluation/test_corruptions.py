import numpy as np
import pytest

from digits.evaluation.corruptions import GRADES, KINDS, bell, corrupt, meaning
from tests.images import stripes

IMAGES = stripes(40).images
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)

every_kind = pytest.mark.parametrize("kind", KINDS)


def far(images: np.ndarray, kind: str, grade: int) -> float:
    return float(np.abs(corrupt(images, kind, grade).astype(float) - images).mean())


@every_kind
@pytest.mark.parametrize("images", [IMAGES, GREY, GREY[:, :5, :3], GREY[:1], GREY[:0]])
def test_images_of_any_size_stay_images_of_that_size(kind, images):
    for grade in GRADES:
        harder = corrupt(images, kind, grade)
        assert (harder.dtype, harder.shape) == (np.uint8, images.shape)


@every_kind
def test_grade_0_is_the_image_as_it_is(kind):
    np.testing.assert_array_equal(corrupt(IMAGES, kind, 0), IMAGES)
    assert meaning(kind, 0) == "as it is"


@every_kind
def test_each_grade_says_its_strength_in_a_unit(kind):
    assert len(KINDS[kind].strengths) == len(GRADES)
    for grade, strength in zip(GRADES, KINDS[kind].strengths, strict=True):
        assert f"{strength}" in meaning(kind, grade)


@every_kind
def test_a_higher_grade_changes_an_image_more(kind):
    smooth = corrupt(
        GREY, "blur", 2
    )  # of neighbouring pixels that have nothing to do with each other, any shift is all
    changes = [far(smooth, kind, grade) for grade in GRADES]
    assert changes[0] > 0
    assert changes == sorted(changes)


@every_kind
def test_the_same_images_get_the_same_corruption_however_many_come_after_them(kind):
    for grade in GRADES:
        np.testing.assert_array_equal(corrupt(IMAGES, kind, grade)[:7], corrupt(IMAGES[:7], kind, grade))


@pytest.mark.parametrize("kind", ["shift", "rotation", "noise", "occlusion"])
def test_each_image_has_a_draw_of_its_own(kind):
    twins = np.repeat(corrupt(GREY[:1], "blur", 1), 20, axis=0)
    assert len({image.tobytes() for image in corrupt(twins, kind, 3)}) > 1


@every_kind
def test_images_that_may_not_be_written_to_are_left_as_they_are(kind):
    images = GREY.copy()
    images.flags.writeable = False
    corrupt(images, kind, 4)
    np.testing.assert_array_equal(images, GREY)


def test_a_flat_image_is_blurred_and_faded_to_itself():
    flat = np.full((2, 9, 6, 3), 90, np.uint8)
    for kind in ("blur", "contrast"):
        np.testing.assert_array_equal(corrupt(flat, kind, 4), flat)


def test_blur_takes_as_much_from_the_left_as_from_the_right():
    weights = bell(9, 1.5)[4]
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
