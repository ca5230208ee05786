"""The comparison as Markdown tables and sentences."""

from collections import Counter
from collections.abc import Sequence

from digits.comparison.comparison import (
    ACCURACY,
    ENSEMBLE_LABEL,
    OTHER_METRICS,
    Comparison,
    FamilyVariant,
    VariantResult,
    Spread,
    Verdicts,
)
from digits.comparison.intervals import AccuracyEstimate
from digits.comparison.verdict import ALPHA, BETTER, OPEN, WORSE, Verdict
from digits.evaluation.metrics import METRICS, Metric

MARKS = {BETTER: " ✓", WORSE: " ✗", OPEN: ""}
OMITTED_METRIC = "trained_corruptions_accuracy"  # keeps the table of results narrow; `verdicts` has it


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; `align` has one letter per column, l or r."""
    rule = f"|{'|'.join('---:' if side == 'r' else '---' for side in align)}|"
    header, *lines = (f"| {' | '.join(map(escape, cells))} |" for cells in (head, *rows))
    return "\n".join((header, rule, *lines))


def escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def overview(comparison: Comparison) -> str:
    """Return what README shows: a sentence per family and a short table without ensembles."""
    rows = [row for row in comparison.rows if not is_ensemble(row)]
    sentences = " ".join(
        f"The tuned {row.family} is {verdict_counts(row, 'than its baseline ')}." for row in rows if row.verdicts
    )
    head = ("Model", ACCURACY.heading, "Gain (95 % interval)", "Verdict", "Other metrics")
    has_open = any(row.metrics_with(OPEN) for row in rows)
    note = describe_models(comparison) + ("; open: neither better nor worse" if has_open else "")
    return f"{sentences}\n\n{table(head, 'lrrll', [*map(overview_cells, rows)])}\n\n{note}.\n"


def overview_cells(row: VariantResult) -> tuple[str, ...]:
    accuracy = cell(ACCURACY, row.accuracy)
    if not row.verdicts:
        return row.name, accuracy, "–", "–", "–"
    gain = row.verdicts[ACCURACY.name]
    counts = Counter(verdict.decision for name, verdict in row.verdicts.items() if name != ACCURACY.name)
    others = ", ".join(f"{counts[verdict]} {verdict}" for verdict in MARKS if counts[verdict])
    return row.name, accuracy, with_interval(ACCURACY, gain, unit(ACCURACY)), gain.decision, others


def verdict_counts(row: VariantResult, reference: str = "") -> str:
    """Return for example "better on 3 of 5 metrics, open on 1 (calibration error), worse on 1 (loss)"."""
    headings = {metric.name: metric.heading.lower() for metric in METRICS}
    better = f"better {reference}on {len(row.metrics_with(BETTER)) or 'none'} of {len(row.verdicts)} metrics"
    others = [
        f"{verdict} on {len(names)} ({', '.join(map(headings.get, names))})"
        for verdict in (OPEN, WORSE)
        if (names := row.metrics_with(verdict))
    ]
    return ", ".join([better, *others])


def describe_models(comparison: Comparison) -> str:
    row = comparison.rows[0]
    seeds = ", ".join(map(str, row.seeds))
    models = f"Mean ± standard deviation over seeds {seeds}" if len(row.seeds) > 1 else f"One model each, seed {seeds}"
    return f"{models}; {comparison.n_images:,} test images; {row.epochs} epochs each"


def results(comparison: Comparison) -> str:
    metrics = [metric for metric in OTHER_METRICS if metric.name != OMITTED_METRIC]
    head = ("Model", ACCURACY.heading, "95 % interval", *(metric.heading for metric in metrics), "Parameters")
    head += ("Multiply-adds", "Gain in accuracy")
    rows = [result_cells(row, metrics) for row in comparison.rows]
    return f"{table(head, 'l' + 'r' * (len(head) - 1), rows)}\n\n{results_note(comparison)}\n"


def results_note(comparison: Comparison) -> str:
    n_seeds = len(comparison.rows[0].seeds)
    sentences = [describe_models(comparison)]
    if n_seeds > 1:
        searches = "searches, " if comparison.n_searches > 1 else ""
        sentences += [
            f"Intervals account for the choice of {searches}seeds and test images",
            f"Verdicts on tuned models apply to {scope(comparison.n_searches)}",
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


def scope(n_searches: int) -> str:
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
        cell(ACCURACY, row.accuracy) + mark(row, ACCURACY),
        f"{100 * row.accuracy.low:.2f} to {100 * row.accuracy.high:.2f} %",
        *(cell(metric, row.metrics[metric.name]) + mark(row, metric) for metric in metrics),
        f"{row.parameters:,}",
        f"{row.multiply_adds:,}",
        with_interval(ACCURACY, gain) if gain else "–",
    )


def mark(row: VariantResult, metric: Metric) -> str:
    return MARKS[row.verdicts[metric.name].decision] if metric.name in row.verdicts else ""


def cell(metric: Metric, value: Spread | Accuracy) -> str:
    scale, unit = (100, " %") if metric.percent else (1, "")
    deviation = "" if value.sd is None else f" ± {scale * value.sd:.{metric.decimals}f}"
    return f"{scale * value.mean:.{metric.decimals}f}{deviation}{unit}"


def verdicts(comparison: Comparison) -> str:
    """Return a table for each pair, with a row for each metric."""
    tables = [verdict_table(*pair, verdicts) for pair, verdicts in comparison.verdicts.items()]
    all_verdicts = [verdict for verdicts in comparison.verdicts.values() for verdict in verdicts.values()]
    note = (
        f"Better or worse: p is below {ALPHA} after Holm's correction for all {len(all_verdicts)} combinations of pair "
        "and metric; otherwise open. Points are percentage points. McNemar's p applies to these models only and is not "
        "corrected. The detectable difference is the smallest true difference that 80 % of such experiments would "
        "detect."
    )
    if any(verdict.generalizes_over_seeds for verdict in all_verdicts):
        note += f" Verdicts on tuned models apply to {scope(comparison.n_searches)}."
    if not all(verdict.generalizes_over_seeds for verdict in all_verdicts):
        note += " Verdicts with * apply to these models only, because one model cannot show how much seeds differ."
    return "\n\n".join((*tables, f"{note} Method: docs/statistics.md.\n"))


def verdict_table(candidate: FamilyVariant, reference: FamilyVariant, verdicts: Verdicts) -> str:
    head = (f"{' '.join(candidate)} vs. {' '.join(reference)}", "Verdict", "Difference", "95 % interval", "p")
    head += ("McNemar's p", "Detectable difference")
    rows = [
        (
            f"{metric.heading}{' (lower is better)' if metric.smaller_is_better else ''}",
            f"{verdict.decision}{'' if verdict.generalizes_over_seeds else ' *'}",
            f"{signed(metric, verdict.difference)}{unit(metric)}",
            f"{signed(metric, verdict.low)} to {signed(metric, verdict.high)}",
            p_text(verdict.p),
            "–" if verdict.mcnemar is None else p_text(verdict.mcnemar),
            f"{size(metric, verdict.detectable)}{unit(metric)}",
        )
        for metric in METRICS
        if (verdict := verdicts.get(metric.name))
    ]
    return table(head, "llrrrrr", rows)


def signed(metric: Metric, value: float) -> str:
    scale, digits = (100, 2) if metric.percent else (1, metric.decimals)
    return f"{round(scale * value, digits) + 0.0:+.{digits}f}"  # + 0.0 turns -0.0 into 0.0


def size(metric: Metric, value: float) -> str:
    return signed(metric, abs(value)).removeprefix("+")


def unit(metric: Metric) -> str:
    return " points" if metric.percent else ""


def with_interval(metric: Metric, verdict: Verdict, unit: str = "") -> str:
    difference, low, high = (signed(metric, value) for value in (verdict.difference, verdict.low, verdict.high))
    return f"{difference}{unit} [{low}, {high}]"


def p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def summary(rows: Sequence[VariantResult]) -> str:
    return "; ".join(f"{row.name} {verdict_counts(row)}" for row in rows if row.variant == "tuned")
