"""The shape of Keras Tuner's hyperband, known before it runs: rounds of fewer and fewer trials with more epochs."""

import math

from digits.core.errors import UserError

FACTOR = 3  # Keras Tuner's own: a third of a round's trials goes on, with three times the epochs


def brackets(longest: int) -> list[list[tuple[int, int]]]:
    """How many trials have how many epochs, in each round of each bracket of one iteration."""
    count = 1
    while longest >= FACTOR**count:
        count += 1
    most = math.ceil(1 + math.log(longest, FACTOR))
    return [
        [
            (math.ceil(most / (bracket + 1) * FACTOR**left), math.ceil(longest / FACTOR**left))
            for left in range(bracket, -1, -1)
        ]
        for bracket in range(count)
    ]


def begun_in_one(longest: int) -> int:
    return sum(rounds[0][0] for rounds in brackets(longest))


def epochs_of_one(longest: int) -> int:
    total = 0
    for rounds in brackets(longest):
        done = 0
        for count, epochs in rounds:
            total += count * (epochs - done)
            done = epochs
    return total


def iterations(trials: int, longest: int) -> int:
    """As many as the trials suffice for, besides the baseline's."""
    return (trials - 1) // begun_in_one(longest)


def refuse_too_few(method: str, family: str, trials: int, longest: int) -> None:
    if method == "hyperband" and not iterations(trials, longest):
        least = begun_in_one(longest) + 1
        raise UserError(
            f"params.yaml: tune.{family}.trials = {trials}: must be {least} or more where tune.method is hyperband and "
            f"trials have up to {longest} epochs"
        )
