"""The comparison as Markdown tables and sentences."""

from collections import Counter
from collections.abc import Sequence

from digits.comparison.comparison import (
    ACCURACY,
    ENSEMBLE_LABEL,
    OTHER_METRICS,
    Comparison,
    FamilyVariant,
    Spread,
    VariantResult,
    Verdicts,
)
from digits.comparison.intervals import AccuracyEstimate
from digits.comparison.verdict import ALPHA, BETTER, OPEN, WORSE, Verdict
from digits.evaluation.metrics import METRICS, Metric

MARKS = {BETTER: " ✓", WORSE: " ✗", OPEN: ""}
OMITTED_METRIC = "trained_corruptions_accuracy"  # keeps the table of results narrow; `verdicts` has it


def table(header: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; `align` has one letter per column, l or r."""
    rule = f"|{'|'.join('---:' if side == 'r' else '---' for side in align)}|"
    header_line, *lines = (f"| {' | '.join(map(escape, cells))} |" for cells in (header, *rows))
    return "\n".join((header_line, rule, *lines))


def escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def overview(comparison: Comparison) -> str:
    """Return what README shows: a sentence per family and a short table without ensembles."""
    rows = [row for row in comparison.rows if not is_ensemble(row)]
    sentences = " ".join(
        f"The tuned {row.family} is {verdict_counts(row, 'than its baseline ')}." for row in rows if row.verdicts
    )
    header = ("Model", ACCURACY.heading, "Gain (95 % interval)", "Verdict", "Other metrics")
    has_open = any(row.metrics_with(OPEN) for row in rows)
    note = describe_models(comparison) + ("; open: neither better nor worse" if has_open else "")
    return f"{sentences}\n\n{table(header, 'lrrll', [*map(overview_cells, rows)])}\n\n{note}.\n"


def overview_cells(row: VariantResult) -> tuple[str, ...]:
    accuracy = format_mean(ACCURACY, row.accuracy)
    if not row.verdicts:
        return row.name, accuracy, "–", "–", "–"
    gain = row.verdicts[ACCURACY.name]
    counts = Counter(verdict.decision for name, verdict in row.verdicts.items() if name != ACCURACY.name)
    others = ", ".join(f"{counts[decision]} {decision}" for decision in MARKS if counts[decision])
    return row.name, accuracy, format_difference(ACCURACY, gain, unit_text(ACCURACY)), gain.decision, others


def verdict_counts(row: VariantResult, reference: str = "") -> str:
    """Return for example "better on 3 of 5 metrics, open on 1 (calibration error), worse on 1 (loss)"."""
    headings = {metric.name: metric.heading.lower() for metric in METRICS}
    better = f"better {reference}on {len(row.metrics_with(BETTER)) or 'none'} of {len(row.verdicts)} metrics"
    others = [
        f"{decision} on {len(names)} ({', '.join(map(headings.get, names))})"
        for decision in (OPEN, WORSE)
        if (names := row.metrics_with(decision))
    ]
    return ", ".join([better, *others])


def describe_models(comparison: Comparison) -> str:
    row = comparison.rows[0]
    seeds = ", ".join(map(str, row.seeds))
    models = f"Mean ± standard deviation over seeds {seeds}" if len(row.seeds) > 1 else f"One model each, seed {seeds}"
    return f"{models}; {comparison.n_images:,} test images; {row.epochs} epochs each"


def results(comparison: Comparison) -> str:
    metrics = [metric for metric in OTHER_METRICS if metric.name != OMITTED_METRIC]
    header = ("Model", ACCURACY.heading, "95 % interval", *(metric.heading for metric in metrics), "Parameters")
    header += ("Multiply-adds", "Gain in accuracy")
    rows = [result_cells(row, metrics) for row in comparison.rows]
    return f"{table(header, 'l' + 'r' * (len(header) - 1), rows)}\n\n{results_note(comparison)}\n"


def results_note(comparison: Comparison) -> str:
    n_seeds = len(comparison.rows[0].seeds)
    sentences = [describe_models(comparison)]
    if n_seeds > 1:
        searches = "searches, " if comparison.n_searches > 1 else ""
        sentences += [
            f"Intervals account for the choice of {searches}seeds and test images",
            f"Verdicts on tuned models apply to {verdict_scope(comparison.n_searches)}",
        ]
    else:
        sentences.append("Intervals account for the choice of test images only")
    sentences += [
        "✓: better than the baseline of the same family; ✗: worse; no mark: open",
        "Gains are in percentage points, with their 95 % interval",
        "Held-out corruptions occur neither in training nor in the search",
    ]
    if any(map(is_ensemble, comparison.rows)):
        sentences.append(f"An ensemble averages the predicted probabilities of its {n_seeds} models")
    return f"{'. '.join(sentences)}."


def verdict_scope(n_searches: int) -> str:
    """Return what a verdict on the tuned models of several seeds applies to."""
    if n_searches == 1:
        return "the one recipe that its search found"
    return f"the search itself ({n_searches} searches, one model each)"


def is_ensemble(row: VariantResult) -> bool:
    return row.variant.endswith(ENSEMBLE_LABEL)


def result_cells(row: VariantResult, metrics: Sequence[Metric]) -> tuple[str, ...]:
    gain = row.verdicts.get(ACCURACY.name)
    return (
        row.name,
        format_mean(ACCURACY, row.accuracy) + verdict_mark(row, ACCURACY),
        f"{100 * row.accuracy.low:.2f} to {100 * row.accuracy.high:.2f} %",
        *(format_mean(metric, row.metrics[metric.name]) + verdict_mark(row, metric) for metric in metrics),
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        format_difference(ACCURACY, gain) if gain else "–",
    )


def verdict_mark(row: VariantResult, metric: Metric) -> str:
    return MARKS[row.verdicts[metric.name].decision] if metric.name in row.verdicts else ""


def format_mean(metric: Metric, value: Spread | AccuracyEstimate) -> str:
    """Return for example "98.90 ± 0.10 %"."""
    scale, percent_sign = (100, " %") if metric.percent else (1, "")
    deviation = "" if value.sd is None else f" ± {scale * value.sd:.{metric.decimals}f}"
    return f"{scale * value.mean:.{metric.decimals}f}{deviation}{percent_sign}"


def verdicts(comparison: Comparison) -> str:
    """Return a table for each pair, with a row for each metric."""
    tables = [
        verdict_table(candidate, reference, verdicts)
        for (candidate, reference), verdicts in comparison.verdicts.items()
    ]
    all_verdicts = [verdict for verdicts in comparison.verdicts.values() for verdict in verdicts.values()]
    note = (
        f"{describe_pairs(comparison)} Better or worse: p is below {ALPHA} after Holm's correction for all "
        f"{len(all_verdicts)} combinations of pair and metric; otherwise open. The 95 % interval corresponds "
        "to p below 0.05 for one metric alone, without correction, so it may exclude 0 although the verdict is open. "
        "Points are percentage points. McNemar's p applies to these models only and is not corrected. The detectable "
        "difference is the smallest true difference that 80 % of such experiments would detect."
    )
    if any(verdict.generalizes_over_seeds for verdict in all_verdicts):
        note += f" Verdicts on tuned models apply to {verdict_scope(comparison.n_searches)}."
    if not all(verdict.generalizes_over_seeds for verdict in all_verdicts):
        note += " Verdicts with * apply to these models only, because one model cannot show how much seeds differ."
    return "\n\n".join((*tables, f"{note} Method: docs/statistics.md.\n"))


def describe_pairs(comparison: Comparison) -> str:
    text = "Compared pairs: tuned against baseline of each family"
    if any(map(is_ensemble, comparison.rows)):
        text += ", also as ensembles"
    if len({row.family for row in comparison.rows}) > 1:
        text += "; tuned models of different families"
    return f"{text}."


def verdict_table(candidate: FamilyVariant, reference: FamilyVariant, verdicts: Verdicts) -> str:
    header = (f"{' '.join(candidate)} vs. {' '.join(reference)}", "Verdict", "Difference", "95 % interval", "p")
    header += ("McNemar's p", "Detectable difference")
    rows = [
        (
            f"{metric.heading}{' (lower is better)' if metric.smaller_is_better else ''}",
            f"{verdict.decision}{'' if verdict.generalizes_over_seeds else ' *'}",
            f"{format_signed(metric, verdict.difference)}{unit_text(metric)}",
            f"{format_signed(metric, verdict.low)} to {format_signed(metric, verdict.high)}",
            format_p(verdict.p),
            "–" if verdict.mcnemar is None else format_p(verdict.mcnemar),
            f"{format_magnitude(metric, verdict.detectable)}{unit_text(metric)}",
        )
        for metric in METRICS
        if (verdict := verdicts.get(metric.name))
    ]
    return table(header, "llrrrrr", rows)


def format_signed(metric: Metric, value: float) -> str:
    scale, digits = (100, 2) if metric.percent else (1, metric.decimals)
    return f"{round(scale * value, digits) + 0.0:+.{digits}f}"  # + 0.0 turns -0.0 into 0.0


def format_magnitude(metric: Metric, value: float) -> str:
    return format_signed(metric, abs(value)).removeprefix("+")


def unit_text(metric: Metric) -> str:
    return " points" if metric.percent else ""


def format_difference(metric: Metric, verdict: Verdict, unit: str = "") -> str:
    """Return for example "+1.17 points [+0.90, +1.43]", if the unit is " points"."""
    difference, low, high = (format_signed(metric, value) for value in (verdict.difference, verdict.low, verdict.high))
    return f"{difference}{unit} [{low}, {high}]"


def format_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def summary(rows: Sequence[VariantResult]) -> str:
    return "; ".join(f"{row.name} {verdict_counts(row)}" for row in rows if row.variant == "tuned")
