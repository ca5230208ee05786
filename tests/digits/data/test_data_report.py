import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.data import dataset
from digits.data.dataset import Split
from digits.data.report import count_duplicates, describe


def one_pixel_images(pixels: list[int], labels: list[int] | None = None) -> Split:
    return Split(np.array(pixels, np.uint8).reshape(-1, 1, 1, 1), np.array(labels or [0] * len(pixels), np.int32))


SPLITS = {
    "train": one_pixel_images([0, 10, 20, 20, 30], [0, 1, 1, 1, 0]),
    "validation": one_pixel_images([10, 40], [1, 0]),
    "test": one_pixel_images([255, 20, 40], [0, 1, 0]),
}


def test_the_report_has_counts_pixel_ranges_and_duplicates():
    report = describe(SPLITS, 3, ("cat", "dog"))
    assert report["shape"] == [1, 1, 1]
    assert report["classes"] == ["cat", "dog"]
    assert report["left_out"] == 3
    train = report["splits"]["train"]
    assert train["images"] == 5
    assert train["per_class"] == {"cat": 2, "dog": 3}
    assert train["pixels"] == {"min": 0, "max": 30, "mean": 16.0}
    assert report["splits"]["test"]["pixels"]["mean"] == pytest.approx((255 + 20 + 40) / 3, abs=5e-5)
    assert report["duplicates"] == {
        "within train": 1,
        "within validation": 0,
        "within test": 0,
        "validation also in train": 1,
        "test also in train": 1,
        "test also in validation": 1,
    }
    assert json.loads(json.dumps(report)) == report


PIXELS = st.lists(st.integers(0, 4), min_size=1, max_size=12)


@given(PIXELS, PIXELS)
def test_duplicates_match_a_naive_count(first, second):
    assert count_duplicates({"first": one_pixel_images(first), "second": one_pixel_images(second)}) == {
        "within first": sum(pixel in first[:index] for index, pixel in enumerate(first)),
        "within second": sum(pixel in second[:index] for index, pixel in enumerate(second)),
        "second also in first": sum(pixel in first for pixel in second),
    }


def test_a_digest_is_the_sha256_of_types_shapes_and_values():
    content = b"|u1(2, 1, 1, 1)" + bytes([3, 4]) + b"<i4(2,)" + bytes([1, 0, 0, 0, 0, 0, 0, 0])
    assert one_pixel_images([3, 4], [1, 0]).digest == hashlib.sha256(content).hexdigest()


def test_a_digest_does_not_depend_on_memory_layout_or_storage(tmp_path):
    split = Split(np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1), np.array([1, 0], np.int32))
    dataset.save(split, tmp_path)
    assert dataset.load(tmp_path).digest == split.digest
    assert Split(np.asfortranarray(split.images), split.labels).digest == split.digest
