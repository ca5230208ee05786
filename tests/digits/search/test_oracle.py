"""Proposals of the oracles."""

from math import log
from typing import Any

import keras_tuner
import pytest

from digits.config.load import validate
from digits.config.schema import Search
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.brackets import FACTOR, brackets, count_iterations
from digits.search.methods import Proposal, RoundScores, total_epochs
from digits.search.oracle import BAYESIAN_ROUND, propose
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
    return validate(Search[Mlp], {"trials": trials, "rungs": [1, epochs], "keep": 1.0, "space": space})


def propose_rounds(plan: Search[Mlp], method: str, seed: int = 1, *, failing: bool = False) -> list[list[Proposal]]:
    """Return all rounds of a search in which a trial's score is its learning rate."""
    rounds: list[list[Proposal]] = []
    scores: RoundScores = []
    while proposals := propose(plan, method, MLP, seed, scores):
        rounds.append(proposals)
        scores.append([None if failing else proposal.recipe.learning_rate for proposal in proposals])
    return rounds


@pytest.mark.parametrize("method", METHODS)
def test_proposals_are_in_the_space_and_keep_their_types(method: str) -> None:
    for proposal in propose(plan(trials=30), method, MLP, 1, []):
        recipe = Mlp(**proposal.recipe.model_dump())
        assert recipe.layers in (1, 2, 3)
        assert recipe.units in (64, 128)
        assert type(recipe.batch_norm) is bool
        assert 1e-4 <= recipe.learning_rate <= 1e-1
        assert recipe.dropout == MLP.dropout


@pytest.mark.parametrize("method", METHODS)
def test_proposals_depend_on_the_seed_only(method: str) -> None:
    first, second = (propose_rounds(plan(trials=10), method) for _ in range(2))
    assert first == second
    assert first[0] != propose(plan(trials=10), method, MLP, 2, [])


def test_a_single_choice_is_in_all_proposals() -> None:
    proposals = propose(plan(trials=4, space={"layers": [3], "units": [64, 128, 256]}), "random", MLP, 1, [])
    assert {proposal.recipe.layers for proposal in proposals} == {3}


def test_proposals_end_when_the_space_is_exhausted() -> None:
    assert len(propose(plan(trials=50, space={"units": [64, 128]}), "random", MLP, 1, [])) == 2


@pytest.mark.parametrize("method", ["halving", "random"])
def test_halving_and_random_propose_one_round(method: str) -> None:
    [proposals] = propose_rounds(plan(), method)
    expected = [(number, 4) for number in range(1, 12)]
    assert [(proposal.trial, proposal.target_epoch) for proposal in proposals] == expected


def test_bayesian_learns_from_earlier_rounds() -> None:
    learning_rates = []
    for sign in (1, -1):  # the score rises or falls with the learning rate
        scores: RoundScores = []
        for _ in range(2):
            proposals = propose(plan(trials=10), "bayesian", MLP, 1, scores)
            assert len(proposals) == BAYESIAN_ROUND
            scores.append([sign * log(proposal.recipe.learning_rate) for proposal in proposals])
        [proposal] = propose(plan(trials=10), "bayesian", MLP, 1, scores)
        learning_rates.append(proposal.recipe.learning_rate)
    assert learning_rates[0] > 100 * learning_rates[1]


def test_hyperband_promotes_the_best_of_a_round() -> None:
    rounds = propose_rounds(plan(trials=9), "hyperband")
    assert [(proposal.trial, proposal.target_epoch) for proposal in rounds[0]] == [
        *((number, 2) for number in range(1, 6)),
        *((number, 4) for number in range(6, 9)),
    ]
    best = sorted(rounds[0][:5], key=lambda proposal: proposal.recipe.learning_rate, reverse=True)[:2]
    assert rounds[1] == [Proposal(proposal.trial, proposal.recipe, 4) for proposal in best]


@pytest.mark.parametrize("epochs", [1, 2, 4, 9, 10, 27])
def test_brackets_are_those_of_keras_tuner(epochs: int) -> None:
    oracle = keras_tuner.oracles.HyperbandOracle(keras_tuner.Objective("any", "max"), max_epochs=epochs, factor=FACTOR)
    expected = [
        [(oracle._get_size(bracket, number), oracle._get_epochs(bracket, number)) for number in range(bracket + 1)]
        for bracket in range(oracle._get_num_brackets())
    ]
    assert brackets(epochs) == expected


@pytest.mark.parametrize("method", ["random", "bayesian", "hyperband"])
def test_total_epochs_are_those_of_all_rounds(method: str) -> None:
    search = plan(trials=10)
    targets: dict[int, int] = {0: 4}
    for proposal in (proposal for proposals in propose_rounds(search, method) for proposal in proposals):
        targets[proposal.trial] = proposal.target_epoch
    assert sum(targets.values()) == total_epochs(search, method)
    assert len(targets) <= 10


def test_hyperband_has_as_many_iterations_as_its_trials_allow() -> None:
    assert [count_iterations(n_trials, 4) for n_trials in (8, 9, 16, 17)] == [0, 1, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_a_search_whose_trials_all_fail_ends(method: str) -> None:
    assert propose_rounds(plan(), method, failing=True)
