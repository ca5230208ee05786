import numpy as np

from digits.evaluation import moving
from digits.evaluation.moving import moved

GREY = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)
NOTHING = np.zeros(1)


def test_a_shift_by_whole_pixels_moves_them_and_continues_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    down_and_right = moved(image, NOTHING, np.ones(1), np.ones(1))
    assert down_and_right[0, ..., 0].tolist() == [[0, 0, 1, 2], [0, 0, 1, 2], [4, 4, 5, 6]]


def test_a_quarter_turn_is_numpys():
    image = GREY[:1]
    turned = moved(image, np.full(1, np.pi / 2), NOTHING, NOTHING)
    np.testing.assert_array_equal(turned[0], np.rot90(image[0], -1))


def test_more_images_than_are_moved_at_once_each_get_their_own(monkeypatch):
    turns = np.linspace(0, 1, len(GREY))
    whole = moved(GREY, turns, turns, -turns)
    monkeypatch.setattr(moving, "AT_ONCE", 7)
    np.testing.assert_array_equal(moved(GREY, turns, turns, -turns), whole)
