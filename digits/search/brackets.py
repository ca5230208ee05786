"""The brackets of Keras Tuner's Hyperband, known before it runs.

A bracket is a sequence of rounds; each round trains the best trials of the previous one for more epochs.
"""

import math

from digits.core.errors import UserError

FACTOR = 3  # Keras Tuner's default: a third of a round's trials are promoted, and have three times the epochs


def brackets(max_epochs: int) -> list[list[tuple[int, int]]]:
    """Return (number of trials, epochs) for each round of each bracket in one iteration."""
    # Keras Tuner counts the brackets twice: rounded down for their number, rounded up for their sizes.
    n_brackets = 1
    while max_epochs >= FACTOR**n_brackets:
        n_brackets += 1
    n_brackets_rounded_up = math.ceil(1 + math.log(max_epochs, FACTOR))

    def bracket_round(bracket: int, n_later_rounds: int) -> tuple[int, int]:
        n_final_trials = n_brackets_rounded_up / (bracket + 1)
        n_trials = math.ceil(n_final_trials * FACTOR**n_later_rounds)
        return n_trials, math.ceil(max_epochs / FACTOR**n_later_rounds)

    return [
        [bracket_round(bracket, n_later_rounds) for n_later_rounds in range(bracket, -1, -1)]
        for bracket in range(n_brackets)
    ]


def trials_per_iteration(max_epochs: int) -> int:
    return sum(rounds[0][0] for rounds in brackets(max_epochs))


def epochs_per_iteration(max_epochs: int) -> int:
    """Return the epochs of all trials in one iteration; a promoted trial continues, so its epochs count once."""
    total = 0
    for rounds in brackets(max_epochs):
        previous = 0
        for n_trials, epochs in rounds:
            total += n_trials * (epochs - previous)
            previous = epochs
    return total


def count_iterations(n_trials: int, max_epochs: int) -> int:
    """Return how many iterations fit into these trials, one of which has the baseline's recipe."""
    return (n_trials - 1) // trials_per_iteration(max_epochs)


def require_enough_hyperband_trials(method: str, family: str, n_trials: int, max_epochs: int) -> None:
    """Require trials for one iteration of Hyperband, if it is the method."""
    if method == "hyperband" and not count_iterations(n_trials, max_epochs):
        min_trials = trials_per_iteration(max_epochs) + 1
        raise UserError(
            f"params.yaml: tune.{family}.trials = {n_trials}: must be {min_trials} or more where tune.method is "
            f"hyperband and trials have up to {max_epochs} epochs"
        )
