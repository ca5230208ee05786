import numpy as np

from digits.figures import examples


def test_mistakes_are_told_apart_by_who_is_wrong_and_come_surest_first():
    baseline = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.95, 0.05], [0.3, 0.7], [0.7, 0.3]])
    tuned = np.array([[0.4, 0.6], [0.3, 0.7], [0.6, 0.4], [0.8, 0.2], [0.2, 0.8], [0.99, 0.01]])
    groups = examples.mistaken(np.ones(6, int), {"baseline": baseline, "tuned": tuned})
    assert {who: images.tolist() for who, images in groups.items()} == {
        "Baseline wrong, tuned right": [0, 1],
        "Tuned wrong, baseline right": [2],
        "Both wrong": [5, 3],
    }


def test_samples_go_through_the_classes_in_turn():
    assert examples.class_by_class(np.array([1, 1, 0, 2, 0]), most=4).tolist() == [2, 0, 3, 4]
