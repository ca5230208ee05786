import numpy as np
import pytest

from digits.common import files
from digits.evaluation import cost_accuracy

TRUTH = np.array([0, 1, 0, 1])
# Each is wrong about another image, and sure only where it is right.
ANSWERS = {
    1: [[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.6, 0.4]],
    2: [[0.4, 0.6], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]],
    3: [[0.4, 0.6], [0.6, 0.4], [0.9, 0.1], [0.1, 0.9]],
}


@pytest.fixture
def measured(project):
    files.write_array("data/predictions/labels.npy", TRUTH)
    cost = {"multiply_adds": 1_000_000, "images": 50_000, "epochs": [{}] * 10}
    for variant in ("baseline", "tuned"):
        for seed, answers in ANSWERS.items():
            files.write_array(f"data/predictions/cnn-{variant}-{seed}.npy", np.array(answers, np.float32))
            files.write_json(f"models/cnn-{variant}-{seed}.json", cost)
    search = {"images": 50_000, "trials": [{"multiply_adds": 2_000_000, "epochs": [{}] * 5}]}
    files.write_json("models/cnn-search.json", search)


def test_models_and_their_ensemble_are_set_against_what_they_cost(measured):
    baseline, together, tuned, tuned_together = cost_accuracy.read(["cnn"], (1, 2, 3))
    assert baseline == cost_accuracy.Point("cnn", "baseline", 1, (0.75, 0.75, 0.5), 1_000_000, 3 * 10**12, 0)
    assert together == cost_accuracy.Point("cnn", "baseline", 3, (1.0,), 3_000_000, 9 * 10**12, 0)
    assert (tuned.variant, tuned.search, tuned_together.search) == ("tuned", 3 * 10**12, 3 * 10**12)
    assert baseline.accuracy == pytest.approx(2 / 3)


def test_one_seed_makes_no_ensemble(measured):
    assert [point.models for point in cost_accuracy.read(["cnn"], (2,))] == [1, 1]
