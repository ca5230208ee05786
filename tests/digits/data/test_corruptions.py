from inspect import signature

import numpy as np
import pytest

from digits.data import corruptions
from digits.data.corruptions import (
    CORRUPTIONS,
    HELD_OUT,
    SEVERITIES,
    TEST_STREAM,
    TRAINED,
    VALIDATION_STREAM,
    corrupt,
    corrupt_each_once,
)
from tests.images import stripes

STRIPES = stripes(40).images
GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
for images in (STRIPES, GREY, COLOUR):
    images.flags.writeable = False  # like memory-mapped images

RANDOM = [name for name, corruption in CORRUPTIONS.items() if "rng" in signature(corruption.apply).parameters]

every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)


def mean_change(images: np.ndarray, name: str, severity: int) -> float:
    return float(np.abs(corrupt(images, name, severity).astype(float) - images).mean())


@every_corruption
@pytest.mark.parametrize("images", [STRIPES, GREY, GREY[:, :8, :8], GREY[:, :5, :3], GREY[:1], GREY[:0], COLOUR])
def test_images_of_any_size_keep_their_size_and_type(name, images):
    for severity in SEVERITIES:
        corrupted = corrupt(images, name, severity)
        assert (corrupted.dtype, corrupted.shape) == (np.uint8, images.shape)


@every_corruption
def test_severity_0_changes_nothing_and_each_higher_one_changes_more(name):
    smooth = corrupt(GREY, "blur", 2)  # in pure noise, every shift changes equally much
    changes = [mean_change(smooth, name, severity) for severity in (0, *SEVERITIES)]
    assert changes[0] == 0
    assert changes == sorted(set(changes))
    assert len(CORRUPTIONS[name].strengths) == len(SEVERITIES)


@every_corruption
def test_a_corrupted_image_does_not_depend_on_later_images_or_chunks(name, monkeypatch):
    expected = [corrupt(STRIPES, name, severity) for severity in SEVERITIES]
    monkeypatch.setattr(corruptions, "CHUNK_SIZE", 7)
    for severity in SEVERITIES:
        for count in (5, 7, len(STRIPES)):
            np.testing.assert_array_equal(expected[severity - 1][:count], corrupt(STRIPES[:count], name, severity))


@pytest.mark.parametrize("name", RANDOM)
def test_equal_images_are_corrupted_differently(name):
    copies = np.repeat(corrupt(GREY[:1], "blur", 1), 20, axis=0)
    assert len({image.tobytes() for image in corrupt(copies, name, 3)}) > 1


@pytest.mark.parametrize("name", RANDOM)
def test_validation_and_test_images_get_different_random_numbers(name):
    smooth = corrupt(GREY, "blur", 1)
    assert (corrupt(smooth, name, 3, TEST_STREAM) != corrupt(smooth, name, 3, VALIDATION_STREAM)).any()


def test_every_corruption_is_either_trained_or_held_out():
    assert TRAINED == ("shift", "rotation", "noise", "blur", "contrast", "brightness", "occlusion")
    assert {*TRAINED, *HELD_OUT} == {*CORRUPTIONS}
    assert not {*TRAINED} & {*HELD_OUT}


def test_trained_corruptions_and_severities_are_applied_in_turn():
    combinations = [(name, severity) for name in TRAINED for severity in SEVERITIES]
    images = np.repeat(corrupt(GREY[:1], "blur", 1), 2 * len(combinations) + 3, axis=0)
    corrupted = corrupt_each_once(images, VALIDATION_STREAM)
    for start, (name, severity) in enumerate(combinations):
        indices = slice(start, None, len(combinations))
        np.testing.assert_array_equal(corrupted[indices], corrupt(images[indices], name, severity, VALIDATION_STREAM))
    assert (corrupted != images).any(axis=(1, 2, 3)).mean() > 0.9
    assert corrupt_each_once(images[:0], VALIDATION_STREAM).shape == (0, 28, 28, 1)
