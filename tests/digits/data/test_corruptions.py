from inspect import signature

import numpy as np
import pytest

from digits.data import corruptions
from digits.data.corruptions import CORRUPTIONS, HELD_OUT, SEVERITIES, TEST, TRAINED, VALIDATION, corrupt, mixed
from tests.images import stripes

IMAGES = stripes(40).images
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
for images in (IMAGES, GREY, COLOUR):
    images.flags.writeable = False  # as images that lie in a file

DRAWN = [name for name, kind in CORRUPTIONS.items() if "random" in signature(kind.apply).parameters]

every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


def far(images: np.ndarray, name: str, severity: int) -> float:
    return float(np.abs(corrupt(images, name, severity).astype(float) - images).mean())


@every_corruption
@pytest.mark.parametrize("images", [IMAGES, GREY, GREY[:, :8, :8], GREY[:, :5, :3], GREY[:1], GREY[:0], COLOUR])
def test_images_of_any_size_stay_images_of_that_size(name, images):
    for severity in SEVERITIES:
        corrupted = corrupt(images, name, severity)
        assert (corrupted.dtype, corrupted.shape) == (np.uint8, images.shape)


@every_corruption
def test_severity_0_changes_nothing_and_each_higher_one_changes_an_image_more(name):
    smooth = corrupt(GREY, "blur", 2)  # between pixels that have nothing in common, any shift is as large as another
    changes = [far(smooth, name, severity) for severity in (0, *SEVERITIES)]
    assert changes[0] == 0
    assert changes == sorted(set(changes))
    assert len(CORRUPTIONS[name].strengths) == len(SEVERITIES)


@every_corruption
def test_the_same_images_get_the_same_corruption_however_many_come_after_them(name, monkeypatch):
    whole = [corrupt(IMAGES, name, severity) for severity in SEVERITIES]
    monkeypatch.setattr(corruptions, "CHUNK", 7)
    for severity in SEVERITIES:
        for count in (5, 7, len(IMAGES)):
            np.testing.assert_array_equal(whole[severity - 1][:count], corrupt(IMAGES[:count], name, severity))


@pytest.mark.parametrize("name", DRAWN)
def test_each_image_has_a_draw_of_its_own(name):
    twins = np.repeat(corrupt(GREY[:1], "blur", 1), 20, axis=0)
    assert len({image.tobytes() for image in corrupt(twins, name, 3)}) > 1


@pytest.mark.parametrize("name", DRAWN)
def test_validation_images_are_not_drawn_as_test_images_are(name):
    smooth = corrupt(GREY, "blur", 1)
    assert (corrupt(smooth, name, 3, TEST) != corrupt(smooth, name, 3, VALIDATION)).any()


def test_every_kind_is_either_seen_in_training_or_unseen():
    assert TRAINED == ("shift", "rotation", "noise", "blur", "contrast", "brightness", "occlusion")
    assert {*TRAINED, *HELD_OUT} == {*CORRUPTIONS}
    assert not {*TRAINED} & {*HELD_OUT}


def test_mixed_images_are_each_corrupted_once_by_the_seen_kinds_and_severities_in_turn():
    turns = [(name, severity) for name in TRAINED for severity in SEVERITIES]
    images = np.repeat(corrupt(GREY[:1], "blur", 1), 2 * len(turns) + 3, axis=0)
    hard = mixed(images, VALIDATION)
    for place, (name, severity) in enumerate(turns):
        mine = slice(place, None, len(turns))
        np.testing.assert_array_equal(hard[mine], corrupt(images[mine], name, severity, VALIDATION))
    assert (hard != images).any(axis=(1, 2, 3)).mean() > 0.9
    assert mixed(images[:0], VALIDATION).shape == (0, 28, 28, 1)
