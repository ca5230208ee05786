import numpy as np
import pytest

from digits.core import files
from digits.core.paths import history_file, search_file
from digits.evaluation.flops import CostAccuracy, cost_accuracy, search_operations, to_tflop, training_operations

LABELS = np.array([0, 1, 0, 1])
# Each model is wrong on a different image, and confident only where it is correct.
PROBABILITIES = {
    1: [[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.6, 0.4]],
    2: [[0.4, 0.6], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9]],
    3: [[0.4, 0.6], [0.6, 0.4], [0.9, 0.1], [0.1, 0.9]],
}


def test_a_multiply_add_costs_six_training_operations():
    assert to_tflop(training_operations(multiply_adds=1_000_000, n_images=50_000, n_epochs=10)) == 3.0


def test_search_operations_are_the_sum_of_trials_that_have_a_network():
    trials = [
        {"multiply_adds": 1_000, "epochs": [{}, {}]},
        {"multiply_adds": 2_000, "epochs": [{}]},
        {"multiply_adds": None, "epochs": []},
    ]
    assert search_operations({"images": 50, "searches": [{"trials": trials}]}) == 6 * 4_000 * 50
    assert search_operations({"images": 50, "searches": [{"trials": trials}, {"trials": trials}]}) == 6 * 8_000 * 50


@pytest.fixture
def models(project):
    files.write_array("data/predictions/labels.npy", LABELS)
    history = {"multiply_adds": 1_000_000, "images": 50_000, "epochs": [{}] * 10}
    for variant in ("baseline", "tuned"):
        for seed, probabilities in PROBABILITIES.items():
            files.write_array(f"data/predictions/cnn-{variant}-{seed}.npy", np.array(probabilities, np.float32))
            files.write_json(history_file(f"cnn-{variant}-{seed}"), history)
    write_searches(1)


def write_searches(n_searches: int) -> None:
    search = {"trials": [{"multiply_adds": 2_000_000, "epochs": [{}] * 5}]}
    files.write_json(search_file("cnn"), {"images": 50_000, "searches": [search] * n_searches})


def test_models_and_their_ensemble_have_costs_and_accuracies(models):
    baseline, ensemble, tuned, tuned_ensemble = cost_accuracy(["cnn"], (1, 2, 3))
    assert baseline == CostAccuracy("cnn", "baseline", 1, (0.75, 0.75, 0.5), 1_000_000, 3 * 10**12, 0)
    assert ensemble == CostAccuracy("cnn", "baseline", 3, (1.0,), 3_000_000, 9 * 10**12, 0)
    assert (tuned.variant, tuned.search_operations, tuned_ensemble.search_operations) == (
        "tuned",
        3 * 10**12,
        3 * 10**12,
    )
    assert baseline.accuracy == pytest.approx(2 / 3)


def test_with_a_search_per_seed_a_model_costs_one_search_and_an_ensemble_all(models):
    write_searches(3)
    files.write_json(history_file("cnn-tuned-1"), {"multiply_adds": 4_000_000, "images": 50_000, "epochs": [{}] * 10})
    *_, tuned, ensemble = cost_accuracy(["cnn"], (1, 2, 3))
    assert (tuned.multiply_adds, tuned.training_operations, tuned.search_operations) == (
        2_000_000,
        6 * 10**12,
        3 * 10**12,
    )
    assert (ensemble.multiply_adds, ensemble.training_operations, ensemble.search_operations) == (
        6_000_000,
        18 * 10**12,
        9 * 10**12,
    )


def test_one_seed_makes_no_ensemble(models):
    assert [point.n_models for point in cost_accuracy(["cnn"], (2,))] == [1, 1]
