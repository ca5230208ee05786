"""The comparison as tables and sentences: what was measured, and what may be said of it."""

from collections.abc import Sequence

from digits.comparison.comparison import (
    ACCURACY,
    ENSEMBLE,
    OTHER_METRICS,
    Comparison,
    FamilyVariant,
    Row,
    Spread,
    Verdicts,
)
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import ALPHA, BETTER, OPEN, WORSE, Verdict
from digits.evaluation.metrics import METRICS, Metric

MARKS = {BETTER: " ✓", WORSE: " ✗", OPEN: ""}
HIDDEN = "trained_corruptions_accuracy"  # in the table of results, for its width


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Markdown; `align` has a letter for each column, l or r."""
    rule = f"|{'|'.join('---:' if side == 'r' else '---' for side in align)}|"
    first, *others = (f"| {' | '.join(map(escaped, line))} |" for line in (head, *rows))
    return "\n".join((first, rule, *others))


def escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def sentences(found: Comparison) -> str:
    """On how many axes each family's tuned model wins, ties and loses."""
    return " ".join(
        f"The tuned {row.family} is {verdict_counts(row, 'than its baseline ')}."
        for row in found.rows
        if row.verdicts and not row.variant.endswith(ENSEMBLE)
    )


def verdict_counts(row: Row, over: str = "") -> str:
    headings = {metric.name: metric.heading.lower() for metric in METRICS}
    better, unsure, worse = (
        [headings[name] for name in row.metrics_with(verdict)] for verdict in (BETTER, OPEN, WORSE)
    )

    def counted(names: list[str], of: str = "") -> str:
        return f"{len(names) or 'none'}{of}" + (f" ({', '.join(names)})" if names else "")

    parts = [f"better {over}on {counted(better, f' of {len(row.verdicts)} axes')}"]
    parts += [f"without evidence on {counted(unsure)}"] if unsure else []
    return ", ".join([*parts, f"worse on {counted(worse)}"])


def results(found: Comparison) -> str:
    first = found.rows[0]
    others = [metric for metric in OTHER_METRICS if metric.name != HIDDEN]
    head = ("Model", ACCURACY.heading, "95 % interval", *(metric.heading for metric in others), "Parameters")
    head += ("Multiply-adds", "Gain in accuracy")
    seeds = ", ".join(map(str, first.seeds))
    several = len(first.seeds) > 1
    spread = "Mean ± standard deviation over" if several else "One model each, of"
    draws = "seeds" if found.n_searches == 1 else "searches, other seeds"
    of_recipes = f"other {draws} and other test images; tuned is {covered(found.n_searches)}"
    scope = of_recipes if several else "other test images"
    note = (
        f"{spread} seed{'s' * several} {seeds}; {found.n_images:,} test images; {first.epochs} epochs each. Intervals "
        f"allow for {scope}. ✓: better than the same family's baseline, ✗: worse; neither: no evidence. Gains are in "
        "percentage points, with their interval. Held-out corruptions: corrupted in ways that no training and no search "
        "has met."
    )
    if any(each.variant.endswith(ENSEMBLE) for each in found.rows):
        note += f" An ensemble averages what its {len(first.seeds)} models say."
    rows = [cells(row, others) for row in found.rows]
    return f"{table(head, 'l' + 'r' * (len(head) - 1), rows)}\n\n{note}\n"


def covered(searches: int) -> str:
    """By a verdict on the tuned models of several seeds."""
    return (
        "the one recipe that its search found" if searches == 1 else f"searching ({searches} searches, a model of each)"
    )


def cells(row: Row, others: Sequence[Metric]) -> tuple[str, ...]:
    gain = row.verdicts.get(ACCURACY.name)
    return (
        row.name,
        cell(ACCURACY, row.accuracy) + mark(row, ACCURACY),
        f"{100 * row.accuracy.low:.2f} to {100 * row.accuracy.high:.2f} %",
        *(cell(metric, row.metrics[metric.name]) + mark(row, metric) for metric in others),
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        with_interval(ACCURACY, gain) if gain else "–",
    )


def mark(row: Row, metric: Metric) -> str:
    return MARKS[row.verdicts[metric.name].verdict] if metric.name in row.verdicts else ""


def cell(metric: Metric, value: Spread | Accuracy) -> str:
    scale, unit = (100, " %") if metric.percent else (1, "")
    deviation = "" if value.sd is None else f" ± {scale * value.sd:.{metric.decimals}f}"
    return f"{scale * value.mean:.{metric.decimals}f}{deviation}{unit}"


def verdicts(found: Comparison) -> str:
    """A table for each pair, a line for each axis."""
    texts = [verdict_table(*pair, of_pair) for pair, of_pair in found.verdicts.items()]
    judged = [each for of_pair in found.verdicts.values() for each in of_pair.values()]
    note = (
        f"Better or worse where p, corrected by Holm for all {len(judged)} pairs and axes, is below {ALPHA}. A point "
        "is 1 %. McNemar's p is of these very models, not corrected. The detectable difference is the smallest true "
        "one that 80 % of such experiments would find."
    )
    if any(each.generalizes_over_seeds for each in judged):
        note += f" What is judged as tuned is {covered(found.n_searches)}."
    if not all(each.generalizes_over_seeds for each in judged):
        note += " Verdicts with * are of these very models: with one each, nothing is known of other seeds."
    return "\n\n".join((*texts, f"{note} How and why: docs/statistics.md.\n"))


def verdict_table(mine: FamilyVariant, theirs: FamilyVariant, of_pair: Verdicts) -> str:
    head = (f"{' '.join(mine)} over {' '.join(theirs)}", "Verdict", "Difference", "95 % interval", "p")
    head += ("McNemar's p", "Detectable difference")
    rows = [
        (
            f"{metric.heading}{' (less is better)' if metric.smaller_is_better else ''}",
            f"{each.verdict}{'' if each.generalizes_over_seeds else ' *'}",
            f"{signed(metric, each.difference)}{unit(metric)}",
            f"{signed(metric, each.low)} to {signed(metric, each.high)}",
            p_text(each.p),
            "–" if each.mcnemar is None else p_text(each.mcnemar),
            f"{size(metric, each.detectable)}{unit(metric)}",
        )
        for metric in METRICS
        if (each := of_pair.get(metric.name))
    ]
    return table(head, "llrrrrr", rows)


def signed(metric: Metric, value: float) -> str:
    scale, digits = (100, 2) if metric.percent else (1, metric.decimals)
    return f"{round(scale * value, digits) + 0.0:+.{digits}f}"  # + 0.0: there is no "-0.00"


def size(metric: Metric, value: float) -> str:
    return signed(metric, abs(value)).removeprefix("+")


def unit(metric: Metric) -> str:
    return " points" if metric.percent else ""


def with_interval(metric: Metric, verdict: Verdict, unit: str = "") -> str:
    difference, low, high = (signed(metric, each) for each in (verdict.difference, verdict.low, verdict.high))
    return f"{difference}{unit} [{low}, {high}]"


def p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def summary(rows: Sequence[Row]) -> str:
    return "; ".join(f"{each.name} {verdict_counts(each)}" for each in rows if each.variant == "tuned")
