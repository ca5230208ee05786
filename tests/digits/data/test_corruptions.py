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
def test_a_corrupted_image_does_not_depend_on_other_images_or_chunks(name, monkeypatch):
    order = np.random.default_rng(2).permutation(len(STRIPES))[:25]
    for severity in SEVERITIES:
        expected = corrupt(STRIPES, name, severity)[order]
        with monkeypatch.context() as context:
            context.setattr(corruptions, "CHUNK_SIZE", 7)
            np.testing.assert_array_equal(corrupt(STRIPES[order], name, severity), expected)


@pytest.mark.parametrize("name", RANDOM)
def test_images_and_severities_get_different_random_numbers(name):
    bar = np.zeros((20, 28, 28, 1), np.uint8)
    bar[:, 4:24, 12:16] = 200
    bar[np.arange(20), 0, np.arange(20)] = 1  # nearly equal images
    changes = corrupt(bar, name, 3).astype(int) - bar
    assert len({image[2:].tobytes() for image in changes}) > 1


@pytest.mark.parametrize("name", RANDOM)
def test_validation_and_test_images_get_different_random_numbers(name):
    smooth = corrupt(GREY, "blur", 1)
    assert (corrupt(smooth, name, 3, TEST_STREAM) != corrupt(smooth, name, 3, VALIDATION_STREAM)).any()


def test_every_corruption_is_either_trained_or_held_out():
    assert TRAINED == ("shift", "rotation", "noise", "blur", "contrast", "brightness", "occlusion")
    assert {*TRAINED, *HELD_OUT} == {*CORRUPTIONS}
    assert not {*TRAINED} & {*HELD_OUT}


def test_each_image_gets_one_trained_corruption_that_other_images_do_not_change():
    images = np.random.default_rng(4).integers(0, 256, (300, 12, 12, 1), np.uint8)
    corrupted = corrupt_each_once(images, VALIDATION_STREAM)
    choices = [
        {
            (name, severity)
            for name in TRAINED
            for severity in SEVERITIES
            if (corrupt(image[np.newaxis], name, severity, VALIDATION_STREAM) == result).all()
        }
        for image, result in zip(images, corrupted, strict=True)
    ]
    assert all(len(choice) == 1 for choice in choices)
    assert set.union(*choices) == {(name, severity) for name in TRAINED for severity in SEVERITIES}
    order = np.random.default_rng(3).permutation(len(images))[:50]
    np.testing.assert_array_equal(corrupt_each_once(images[order], VALIDATION_STREAM), corrupted[order])
    assert corrupt_each_once(images[:0], VALIDATION_STREAM).shape == (0, 12, 12, 1)
