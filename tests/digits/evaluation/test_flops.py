from digits.evaluation.flops import of_search, of_training


def test_a_multiply_add_costs_six_operations_of_training():
    assert of_training(multiply_adds=1_000_000, images=50_000, epochs=10) == 3_000_000_000_000


def test_a_search_costs_what_its_trials_cost_and_one_that_had_no_network_nothing():
    trials = [
        {"multiply_adds": 1_000, "epochs": [{}, {}]},
        {"multiply_adds": 2_000, "epochs": [{}]},
        {"multiply_adds": None, "epochs": []},
    ]
    assert of_search({"images": 50, "trials": trials}) == 6 * 4_000 * 50
