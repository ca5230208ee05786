import numpy as np
import pytest

from digits.core import files
from digits.core.paths import history_file, search_file
from digits.evaluation.flops import CostAccuracy, cost_accuracy, search_operations, tera, training_operations

TRUTH = np.array([0, 1, 0, 1])
# Each is wrong about another image, and sure only where it is right.
PREDICTIONS = {
    1: [[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.6, 0.4]],
    2: [[0.4, 0.6], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]],
    3: [[0.4, 0.6], [0.6, 0.4], [0.9, 0.1], [0.1, 0.9]],
}


def test_a_multiply_add_costs_six_operations_of_training():
    assert tera(training_operations(multiply_adds=1_000_000, images=50_000, epochs=10)) == 3.0


def test_a_search_costs_what_its_trials_cost_and_one_that_had_no_network_nothing():
    trials = [
        {"multiply_adds": 1_000, "epochs": [{}, {}]},
        {"multiply_adds": 2_000, "epochs": [{}]},
        {"multiply_adds": None, "epochs": []},
    ]
    assert search_operations({"images": 50, "searches": [{"trials": trials}]}) == 6 * 4_000 * 50
    assert search_operations({"images": 50, "searches": [{"trials": trials}, {"trials": trials}]}) == 6 * 8_000 * 50


@pytest.fixture
def measured(project):
    files.write_array("data/predictions/labels.npy", TRUTH)
    cost = {"multiply_adds": 1_000_000, "images": 50_000, "epochs": [{}] * 10}
    for variant in ("baseline", "tuned"):
        for seed, probabilities in PREDICTIONS.items():
            files.write_array(f"data/predictions/cnn-{variant}-{seed}.npy", np.array(probabilities, np.float32))
            files.write_json(history_file(f"cnn-{variant}-{seed}"), cost)
    write_searches(1)


def write_searches(count: int) -> None:
    search = {"trials": [{"multiply_adds": 2_000_000, "epochs": [{}] * 5}]}
    files.write_json(search_file("cnn"), {"images": 50_000, "searches": [search] * count})


def test_models_and_their_ensemble_are_set_against_what_they_cost(measured):
    baseline, ensemble, tuned, tuned_ensemble = cost_accuracy(["cnn"], (1, 2, 3))
    assert baseline == CostAccuracy("cnn", "baseline", 1, (0.75, 0.75, 0.5), 1_000_000, 3 * 10**12, 0)
    assert ensemble == CostAccuracy("cnn", "baseline", 3, (1.0,), 3_000_000, 9 * 10**12, 0)
    assert (tuned.variant, tuned.search, tuned_ensemble.search) == ("tuned", 3 * 10**12, 3 * 10**12)
    assert baseline.accuracy == pytest.approx(2 / 3)


def test_of_searches_of_their_own_a_model_needs_one_and_an_ensemble_all(measured):
    write_searches(3)
    files.write_json(history_file("cnn-tuned-1"), {"multiply_adds": 4_000_000, "images": 50_000, "epochs": [{}] * 10})
    *_, tuned, ensemble = cost_accuracy(["cnn"], (1, 2, 3))
    assert (tuned.multiply_adds, tuned.training, tuned.search) == (2_000_000, 6 * 10**12, 3 * 10**12)
    assert (ensemble.multiply_adds, ensemble.training, ensemble.search) == (6_000_000, 18 * 10**12, 9 * 10**12)


def test_one_seed_makes_no_ensemble(measured):
    assert [point.models for point in cost_accuracy(["cnn"], (2,))] == [1, 1]
