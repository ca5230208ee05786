"""What to do with a change: merge it, do not, or decide on other grounds."""

from collections.abc import Sequence

from digits.comparison.comparison import ENSEMBLE
from digits.comparison.verdict import BETTER, WORSE
from digits.report.tables import size, unit, with_interval
from digits.review.answers import Comparison, Line
from digits.review.revisions import Costs

PURPOSES = {"training_tflop": "to train", "multiply_adds": "per prediction"}


def advise(comparison: Comparison, old: Costs, new: Costs) -> str:
    better, worse = (with_verdict(comparison.lines, kind) for kind in (BETTER, WORSE))
    cost = f"Cost: {relative_cost(comparison.lines, old, new)}."
    if not comparison.lines:
        return "**No recommendation:** no model is on both sides, so there is nothing to compare."
    if worse and better:
        return f"**Do not merge as it is:** {named(worse)}, although {named(better)}. {cost}"
    if worse:
        return f"**Do not merge:** {named(worse)}. {cost}"
    if better:
        return f"**Merge:** {named(better)}, and nothing compared is worse. {cost}"
    unsure = [line for line in comparison.lines if line.verdict]
    return f"**No measurable change:** {unmeasurable(unsure)}. Decide on other grounds. {cost}"


def with_verdict(lines: Sequence[Line], kind: str) -> list[Line]:
    """The clearest first. What holds for a recipe says more than what holds for one ensemble."""
    found = [line for line in lines if line.verdict and line.verdict.verdict == kind]
    return sorted(found, key=lambda line: (line.model.endswith(ENSEMBLE), -clearness(line)))


def clearness(line: Line) -> float:
    """Metrics have different units: so the difference is counted in widths of its interval."""
    found = line.verdict
    return abs(found.difference) / (found.high - found.low) if found.difference else 0.0


def named(lines: Sequence[Line]) -> str:
    """Of each metric, its first line."""
    metrics = [line.metric for line in lines]
    said = [sentence(line) for place, line in enumerate(lines) if line.metric not in metrics[:place]]
    more = len(lines) - len(said)
    return ", ".join(said) + (f"; {more} more below" if more else "")


def sentence(line: Line) -> str:
    of, found = line.metric, line.verdict
    low, by, high = (size(of, each) for each in sorted((found.low, found.difference, found.high), key=abs))
    return f"{line.model} is {found.verdict} in {metric_name(line)} by {by}{unit(of)} ({low} to {high})"


def unmeasurable(lines: Sequence[Line]) -> str:
    if not lines:
        return "every model gives the same answers, to the last bit"
    clearest = max(lines, key=clearness)
    return (
        f"the clearest difference found is that of {clearest.model} in {metric_name(clearest)}, "
        f"{with_interval(clearest.metric, clearest.verdict, unit(clearest.metric))}, "
        f"where {detectable(clearest)} would be detectable"
    )


def metric_name(line: Line) -> str:
    return line.metric.heading.lower()


def detectable(line: Line) -> str:
    return f"±{size(line.metric, line.verdict.detectable)}"


def relative_cost(lines: Sequence[Line], old: Costs, new: Costs) -> str:
    """Of the models that were trained: an ensemble takes as many times as much."""
    said, known = [], False
    for model in dict.fromkeys(line.model for line in lines if not line.model.endswith(ENSEMBLE)):
        changed = []
        for name, purpose in PURPOSES.items():
            was, now = (costs.get(model, {}).get(name) for costs in (old, new))
            known |= bool(was and now)
            if was and now and was != now:
                changed.append(f"{now / was:.2f} × as much {purpose}")
        if changed:
            said.append(f"{model} takes {' and '.join(changed)}")
    return ", ".join(said) or ("the same" if known else "not known on both sides")
