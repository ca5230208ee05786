"""What a search tries."""

from math import log
from typing import Any

import keras_tuner
import pytest

from digits.config.load import check
from digits.config.schema import Search
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.brackets import FACTOR, brackets, iterations
from digits.search.methods import Proposal, Results, length
from digits.search.oracle import AT_ONCE, propose
from tests.recipes import MLP

METHODS = ("halving", "random", "bayesian", "hyperband")
SPACE = {
    "layers": {"min": 1, "max": 3},
    "units": [64, 128],
    "batch_norm": [True, False],
    "optimizer": ["adam", "sgd"],
    "learning_rate": {"min": 1e-4, "max": 1e-1, "log": True},
}


def plan(trials: int = 12, space: dict[str, Any] = SPACE, *, epochs: int = 4) -> Search[Mlp]:
    return check(Search[Mlp], {"trials": trials, "rungs": [1, epochs], "keep": 1.0, "space": space})


def whole(plan: Search[Mlp], method: str, seed: int = 1, *, failing: bool = False) -> list[list[Proposal]]:
    """Each round of a search whose trials are the better the higher their learning rate is."""
    rounds: list[list[Proposal]] = []
    results: Results = []
    while found := propose(plan, method, MLP, seed, results):
        rounds.append(found)
        results.append([None if failing else each.recipe.learning_rate for each in found])
    return rounds


@pytest.mark.parametrize("method", METHODS)
def test_all_lie_in_the_space_and_keep_their_types(method: str) -> None:
    for proposal in propose(plan(trials=30), method, MLP, 1, []):
        chosen = Mlp(**proposal.recipe.model_dump())
        assert chosen.layers in (1, 2, 3)
        assert chosen.units in (64, 128)
        assert type(chosen.batch_norm) is bool
        assert 1e-4 <= chosen.learning_rate <= 1e-1
        assert chosen.dropout == MLP.dropout


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_proposes_the_same_and_another_seed_others(method: str) -> None:
    first, again = (whole(plan(trials=10), method) for _ in range(2))
    assert first == again
    assert first[0] != propose(plan(trials=10), method, MLP, 2, [])


def test_a_list_of_one_holds_all_to_it() -> None:
    found = propose(plan(trials=4, space={"layers": [3], "units": [64, 128, 256]}), "random", MLP, 1, [])
    assert {proposal.recipe.layers for proposal in found} == {3}


def test_a_space_of_which_all_was_tried_ends_the_list_early() -> None:
    assert len(propose(plan(trials=50, space={"units": [64, 128]}), "random", MLP, 1, [])) == 2


def test_halving_and_random_try_all_in_one_round_and_differ_in_how_long() -> None:
    for method, until in (("halving", 1), ("random", 4)):
        [found] = whole(plan(), method)
        assert [(proposal.trial, proposal.until) for proposal in found] == [(number, until) for number in range(1, 12)]


def test_bayesian_learns_from_the_rounds_before() -> None:
    learned = []
    for better in (1, -1):  # the higher the learning rate, and the lower
        results: Results = []
        for _ in range(2):
            asked = propose(plan(trials=10), "bayesian", MLP, 1, results)
            assert len(asked) == AT_ONCE
            results.append([better * log(each.recipe.learning_rate) for each in asked])
        [proposal] = propose(plan(trials=10), "bayesian", MLP, 1, results)
        learned.append(proposal.recipe.learning_rate)
    assert learned[0] > 100 * learned[1]


def test_hyperband_sends_the_best_of_a_round_on() -> None:
    rounds = whole(plan(trials=9), "hyperband")
    assert [(each.trial, each.until) for each in rounds[0]] == [
        *((number, 2) for number in range(1, 6)),
        *((number, 4) for number in range(6, 9)),
    ]
    best = sorted(rounds[0][:5], key=lambda each: each.recipe.learning_rate, reverse=True)[:2]
    assert [(each.trial, each.until, each.recipe) for each in rounds[1]] == [
        (each.trial, 4, each.recipe) for each in best
    ]


@pytest.mark.parametrize("epochs", [1, 2, 4, 9, 10, 27])
def test_hyperbands_brackets_are_keras_tuners(epochs: int) -> None:
    oracle = keras_tuner.oracles.HyperbandOracle(keras_tuner.Objective("any", "max"), max_epochs=epochs, factor=FACTOR)
    theirs = [
        [(oracle._get_size(bracket, number), oracle._get_epochs(bracket, number)) for number in range(bracket + 1)]
        for bracket in range(oracle._get_num_brackets())
    ]
    assert brackets(epochs) == theirs


@pytest.mark.parametrize("method", ["random", "bayesian", "hyperband"])
def test_the_length_of_a_search_is_known_before(method: str) -> None:
    given = plan(trials=10)
    reached: dict[int, int] = {0: 4}
    for each in (proposal for found in whole(given, method) for proposal in found):
        reached[each.trial] = each.until
    assert sum(reached.values()) == length(given, method)
    assert len(reached) <= 10


def test_hyperband_goes_through_its_brackets_as_often_as_the_trials_suffice() -> None:
    assert [iterations(trials, 4) for trials in (8, 9, 16, 17)] == [0, 1, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_a_search_whose_trials_all_fail_comes_to_its_end(method: str) -> None:
    assert whole(plan(), method, failing=True)
