"""What a search tries."""

from typing import Any

from digits.families.mlp import Hyperparameters as Mlp
from digits.params.load import check
from digits.params.schema import Search
from digits.search.oracle import proposals
from tests.recipes import MLP

SPACE = {
    "layers": {"min": 1, "max": 3},
    "units": [64, 128],
    "batch_norm": [True, False],
    "optimizer": ["adam", "sgd"],
    "learning_rate": {"min": 1e-4, "max": 1e-1, "log": True},
}


def plan(trials: int = 12, space: dict[str, Any] = SPACE) -> Search[Mlp]:
    return check(Search[Mlp], {"trials": trials, "rungs": [1], "keep": 1.0, "space": space})


def test_the_first_is_the_baselines_own_recipe() -> None:
    assert proposals(plan(), MLP, 1)[0] == MLP


def test_all_lie_in_the_space_and_keep_their_types() -> None:
    found = proposals(plan(trials=30), MLP, 1)
    assert len(found) == 30
    for recipe in found[1:]:
        chosen = Mlp(**recipe.model_dump())
        assert chosen.layers in (1, 2, 3)
        assert chosen.units in (64, 128)
        assert type(chosen.batch_norm) is bool
        assert 1e-4 <= chosen.learning_rate <= 1e-1
        assert chosen.dropout == MLP.dropout
    assert {recipe.batch_norm for recipe in found} == {True, False}


def test_a_list_of_one_holds_all_but_the_baselines_recipe_to_it() -> None:
    space = {"layers": [3], "units": [64, 128, 256]}
    first, *others = proposals(plan(trials=4, space=space), MLP, 1)
    assert (first, {recipe.layers for recipe in others}) == (MLP, {3})


def test_the_same_seed_proposes_the_same_and_another_seed_others() -> None:
    first, again, other = (proposals(plan(), MLP, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_space_of_which_all_was_tried_ends_the_list_early() -> None:
    assert 2 <= len(proposals(plan(trials=50, space={"units": [64, 128]}), MLP, 1)) <= 3
