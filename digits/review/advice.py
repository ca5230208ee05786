"""Recommend what to do with a change: merge it, do not merge it, or decide on other grounds."""

from collections.abc import Sequence

from digits.comparison.comparison import ENSEMBLE_LABEL
from digits.comparison.verdict import BETTER, WORSE
from digits.report.tables import format_difference, format_magnitude, unit_text
from digits.review.predictions import MetricRow, RevisionComparison
from digits.review.revisions import Costs

PURPOSES = {"training_tflop": "to train", "multiply_adds": "per prediction"}


def advise(comparison: RevisionComparison, base: Costs, head: Costs) -> str:
    better, worse = (rows_with_verdict(comparison.rows, verdict) for verdict in (BETTER, WORSE))
    cost = f"Cost: {describe_costs(comparison.rows, base, head)}."
    if not comparison.rows:
        return "**No recommendation:** base and head have no model in common, so there is nothing to compare."
    if worse and better:
        return f"**Do not merge as it is:** {summarize(worse)}, although {summarize(better)}. {cost}"
    if worse:
        return f"**Do not merge:** {summarize(worse)}. {cost}"
    if better:
        return f"**Merge:** {summarize(better)}, and no metric is worse. {cost}"
    open_rows = [row for row in comparison.rows if row.verdict]
    return f"**No measurable change:** {describe_no_change(open_rows)}. Decide on other grounds. {cost}"


def rows_with_verdict(rows: Sequence[MetricRow], verdict: str) -> list[MetricRow]:
    """Sort by how clear the difference is. Ensembles come last, because a verdict over seeds is more general."""
    matches = [row for row in rows if row.verdict and row.verdict.decision == verdict]
    return sorted(matches, key=lambda row: (row.model.endswith(ENSEMBLE_LABEL), -standardized_difference(row)))


def standardized_difference(row: MetricRow) -> float:
    """The difference divided by the width of its interval, because metrics have different units."""
    verdict = row.verdict
    return abs(verdict.difference) / (verdict.high - verdict.low) if verdict.difference else 0.0


def summarize(rows: Sequence[MetricRow]) -> str:
    """Describe the first row of each metric."""
    metrics = [row.metric for row in rows]
    sentences = [describe(row) for index, row in enumerate(rows) if row.metric not in metrics[:index]]
    n_more = len(rows) - len(sentences)
    return ", ".join(sentences) + (f"; {n_more} more below" if n_more else "")


def describe(row: MetricRow) -> str:
    metric, verdict = row.metric, row.verdict
    bounds = sorted((verdict.low, verdict.difference, verdict.high), key=abs)
    low, difference, high = (format_magnitude(metric, value) for value in bounds)
    return (
        f"{row.model} is {verdict.decision} in {metric_name(row)} by {difference}{unit_text(metric)} ({low} to {high})"
    )


def describe_no_change(open_rows: Sequence[MetricRow]) -> str:
    if not open_rows:
        return "the predictions of all models are identical"
    clearest = max(open_rows, key=standardized_difference)
    return (
        f"the clearest difference is that of {clearest.model} in {metric_name(clearest)}, "
        f"{format_difference(clearest.metric, clearest.verdict, unit_text(clearest.metric))}, "
        f"where {detectable_difference(clearest)} would be detectable"
    )


def metric_name(row: MetricRow) -> str:
    return row.metric.heading.lower()


def detectable_difference(row: MetricRow) -> str:
    return f"±{format_magnitude(row.metric, row.verdict.detectable)}"


def describe_costs(rows: Sequence[MetricRow], base: Costs, head: Costs) -> str:
    """Describe ratios of costs by model. Ensembles are left out: their costs are multiples of their models' costs."""
    sentences, is_known = [], False
    for model in dict.fromkeys(row.model for row in rows if not row.model.endswith(ENSEMBLE_LABEL)):
        ratios = []
        for name, purpose in PURPOSES.items():
            base_cost, head_cost = (costs.get(model, {}).get(name) for costs in (base, head))
            is_known |= bool(base_cost and head_cost)
            if base_cost and head_cost and base_cost != head_cost:
                ratios.append(f"{head_cost / base_cost:.2f} × as much {purpose}")
        if ratios:
            sentences.append(f"{model} takes {' and '.join(ratios)}")
    return ", ".join(sentences) or ("unchanged" if is_known else "not known for both revisions")
