import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.data import dataset
from digits.data.dataset import Split
from digits.data.report import describe, duplicates


def of_pixels(pixels: list[int], labels: list[int] | None = None) -> Split:
    """Images of one pixel."""
    return Split(np.array(pixels, np.uint8).reshape(-1, 1, 1, 1), np.array(labels or [0] * len(pixels), np.int32))


PARTS = {
    "train": of_pixels([0, 10, 20, 20, 30], [0, 1, 1, 1, 0]),
    "validation": of_pixels([10, 40], [1, 0]),
    "test": of_pixels([255, 20, 40], [0, 1, 0]),
}


def test_the_report_says_how_many_of_what_and_which_stand_twice():
    report = describe(PARTS, ("cat", "dog"))
    assert report["shape"] == [1, 1, 1]
    assert report["classes"] == ["cat", "dog"]
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
def test_duplicates_are_those_a_naive_count_finds(first, second):
    found = duplicates({"first": of_pixels(first), "second": of_pixels(second)})
    assert found == {
        "within first": sum(pixel in first[:place] for place, pixel in enumerate(first)),
        "within second": sum(pixel in second[:place] for place, pixel in enumerate(second)),
        "second also in first": sum(pixel in first for pixel in second),
    }


def test_a_digest_can_be_computed_by_hand():
    content = b"|u1(2, 1, 1, 1)" + bytes([3, 4]) + b"<i4(2,)" + bytes([1, 0, 0, 0, 0, 0, 0, 0])
    assert of_pixels([3, 4], [1, 0]).digest == hashlib.sha256(content).hexdigest()


def test_a_digest_is_of_the_content_and_not_of_where_it_lies(tmp_path):
    part = Split(np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1), np.array([1, 0], np.int32))
    dataset.save(part, tmp_path)
    assert dataset.load(tmp_path).digest == part.digest
    assert Split(np.asfortranarray(part.images), part.labels).digest == part.digest
