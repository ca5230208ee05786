import numpy as np
import pytest

from digits.data.hashes import hash_groups, hash_image, hash_images, hash_text, rehash, to_uniform

IMAGES = np.random.default_rng(0).integers(0, 256, (2000, 6, 5, 1), np.uint8)
HASHES = hash_images(IMAGES)


def test_a_hash_depends_on_pixels_and_size_only():
    image = IMAGES[0]
    assert hash_image(image) == hash_image(np.asfortranarray(image)) == HASHES[0]
    assert len({hash_image(image), hash_image(image.reshape(5, 6, 1)), hash_image(255 - image)}) == 3


def test_a_grey_image_has_the_same_hash_with_one_and_three_channels():
    colour = np.repeat(IMAGES[0], 3, axis=2)
    assert hash_image(colour) == hash_image(IMAGES[0, ..., 0]) == HASHES[0]
    colour[0, 0, 0] ^= 1
    assert hash_image(colour) != HASHES[0]


def test_hashes_are_the_same_in_every_version():
    assert hash_image(np.arange(6, dtype=np.uint8).reshape(2, 3)) == 1506862500973603459
    assert hash_groups(["anna", 7]).tolist() == [10109037774674085072, 9407870976149377255]


def test_hashes_are_mixed_as_splitmix64_does():
    state = np.array([0x9E3779B97F4A7C15 ^ hash_text("a purpose")], np.uint64)
    assert rehash(state, "a purpose") == 0xE220A8397B1DCDAF  # its first number for the seed 0


@pytest.mark.parametrize("hashes", [HASHES, np.arange(2000, dtype=np.uint64)], ids=["random", "consecutive"])
def test_uniform_numbers_are_uniform_and_independent_between_purposes(hashes):
    first, second = (to_uniform(rehash(hashes, purpose)) for purpose in ("split, seed 1", "split, seed 2"))
    for numbers in (first, second):
        assert 0 <= numbers.min() < 0.01
        assert 0.99 < numbers.max() < 1
        counts = np.histogram(numbers, 20, (0, 1))[0]
        assert ((counts - 100) ** 2).sum() / 100 < 43.8  # chi-squared with 19 degrees of freedom: p = 0.001
    assert abs(np.corrcoef(first, second)[0, 1]) < 3.3 / np.sqrt(2000)
    assert to_uniform(np.array([2**64 - 1], np.uint64))[0] < 1
