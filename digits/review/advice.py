"""The one line that a reviewer reads first: merge, do not merge, or decide on other grounds."""

from collections.abc import Sequence

from digits.comparison.comparison import ENSEMBLE
from digits.comparison.verdict import BETTER, WORSE, Verdict, points
from digits.review.answers import Comparison, Line
from digits.review.tables import Costs

NAMED = 3
PURPOSES = {"training_tflop": "train", "multiply_adds": "answer"}


def advise(comparison: Comparison, old: Costs, new: Costs) -> str:
    better, worse = (with_verdict(comparison.lines, kind) for kind in (BETTER, WORSE))
    cost = f"Cost: {dearer(comparison.lines, old, new)}."
    if not comparison.lines:
        return "**No recommendation:** no model is on both sides, so there is nothing to compare."
    if worse and better:
        return f"**Do not merge as it is:** {named(worse, WORSE)}, although {named(better, BETTER)}. {cost}"
    if worse:
        return f"**Do not merge:** {named(worse, WORSE)}. {cost}"
    if better:
        return f"**Merge:** {named(better, BETTER)}, and nothing compared is worse. {cost}"
    unsure = [line.verdict for line in comparison.lines if line.verdict]
    return f"**No measurable change:** {unmeasurable(unsure)}. Decide on other grounds. {cost}"


def with_verdict(lines: Sequence[Line], kind: str) -> list[Line]:
    found = [line for line in lines if line.verdict and line.verdict.verdict == kind]
    # What holds for a recipe says more than what holds for one ensemble.
    return sorted(found, key=lambda line: (line.variant.endswith(ENSEMBLE), -abs(line.verdict.difference)))


def named(lines: Sequence[Line], kind: str) -> str:
    said = [
        f"{line} is {kind} by {100 * abs(line.verdict.difference):.2f} points{reach(line.verdict)}"
        for line in lines[:NAMED]
    ]
    more = len(lines) - NAMED
    return ", ".join(said) + (f", and {more} more {'are' if more > 1 else 'is'}" if more > 0 else "")


def reach(verdict: Verdict) -> str:
    low, high = sorted((abs(verdict.low), abs(verdict.high)))
    return f" ({100 * low:.2f} to {100 * high:.2f})"


def unmeasurable(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "every model gives the same answers, to the last bit"
    largest = max(verdicts, key=lambda verdict: abs(verdict.difference))
    return (
        f"the largest difference found is {points(largest.difference)} points "
        f"[{points(largest.low)}, {points(largest.high)}], where ±{100 * largest.detectable:.2f} would have been found"
    )


def dearer(lines: Sequence[Line], old: Costs, new: Costs) -> str:
    """Of the models that were trained: an ensemble takes as many times as much."""
    said, known = [], False
    for model in [str(line) for line in lines if not line.variant.endswith(ENSEMBLE)]:
        for name, purpose in PURPOSES.items():
            was, now = (side.get(model, {}).get(name) for side in (old, new))
            known |= bool(was and now)
            if was and now and was != now:
                said.append(f"{model} takes {now / was:.2f} × as much to {purpose}")
    return ", ".join(said) or ("the same" if known else "not known on both sides")
