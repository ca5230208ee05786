"""Format a review as Markdown: the recommendation first, then the evidence. Empty tables are left out."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from digits.comparison.comparison import ENSEMBLE_LABEL
from digits.comparison.verdict import ALPHA, BETTER, OPEN, POWER, WORSE
from digits.report import tables
from digits.review.advice import detectable_difference, metric_name
from digits.review.predictions import MetricRow, RevisionComparison
from digits.review.revisions import COSTS, Change, Costs, Links, Revision

MARK = "<!-- review -->"  # the workflow finds its comment by it
IDENTICAL = "identical predictions"


def render(title: str, advice: str, notes: Sequence[str], body: Sequence[str]) -> str:
    quotes = "\n>\n".join(f"> {note}" for note in notes)
    return "\n\n".join(filter(None, (MARK, f"## {title}", advice, quotes, *body))) + "\n"


def section(title: str, body: str, default: str) -> str:
    return f"### {title}\n\n{body or default}"


def details(title: str, body: str) -> str:
    return body and f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def join_names(names: Sequence[str], max_names: int = 12) -> str:
    n_more = len(names) - max_names
    return ", ".join(names[:max_names]) + (f" and {n_more} more" if n_more > 0 else "")


def outdated_results(revision: Revision, stages: Sequence[str]) -> str:
    names = join_names([f"`{stage}`" for stage in stages], max_names=3)
    return f"The results of {revision} were produced by code or parameters that differ from its own ({names})"


def former_names_note(revision: Revision, name: str) -> str:
    return (
        f"{revision} has metrics with former names (such as `{name}`): below they appear as removed, and metrics with "
        "the new names as added."
    )


def verdicts(comparison: RevisionComparison) -> str:
    header = ("Model", "Metric", "Base", "Head", "Difference", "p", "Verdict")
    rows = table(header, "llrrrrl", [cells(row) for row in comparison.rows])
    unmatched = [
        f"Only in {side}, so not compared: {', '.join(models)}."
        for side, models in (("base", comparison.only_in_base), ("head", comparison.only_in_head))
        if models
    ]
    compared = (summaries(comparison.rows), rows, table_note(comparison)) if comparison.rows else ()
    return "\n\n".join((*compared, *unmatched))


def summaries(rows: Sequence[MetricRow]) -> str:
    """Return a line for each model: its better, worse and open metrics."""
    lines = []
    for model, group in groupby(rows, lambda row: row.model):
        pairs = [(row.verdict.decision, metric_name(row)) for row in group if row.verdict]
        metrics = {key: [name for verdict, name in pairs if verdict == key] for key in (BETTER, WORSE, OPEN)}
        parts = [f"{verdict} in {', '.join(names)}" for verdict, names in metrics.items() if names]
        lines.append(f"- {model}: {'; '.join(parts) or IDENTICAL}")
    return "\n".join(lines)


def cells(row: MetricRow) -> tuple[str, ...]:
    verdict, base, head = row.verdict, *(tables.format_mean(row.metric, spread) for spread in (row.base, row.head))
    first_cells = row.model, row.metric.heading, base, head
    if verdict is None:
        return *first_cells, "0", "–", IDENTICAL
    text = f"**{verdict.decision}**"
    if verdict.decision == OPEN:
        text = f"{OPEN} (detectable: {detectable_difference(row)})"
    return *first_cells, tables.format_difference(row.metric, verdict), tables.format_p(verdict.p), text


def table_note(comparison: RevisionComparison) -> str:
    all_seeds = dict.fromkeys(row.seeds for row in comparison.rows)
    seed_lists = " or ".join(", ".join(map(str, seeds)) for seeds in all_seeds)
    n_verdicts = sum(row.verdict is not None for row in comparison.rows)
    text = (
        f"On {comparison.n_images:,} test images, mean ± standard deviation over seeds {seed_lists}; differences are "
        "paired by image, with 95 % intervals; those of percentages are in percentage points."
    )
    if n_verdicts:
        text += (
            f" p is corrected for {n_verdicts} comparisons, and is significant below {ALPHA}; "
            f"a detectable difference is one that {100 * POWER:.0f} % of such comparisons would find."
        )
    if any(row.model.endswith(ENSEMBLE_LABEL) for row in comparison.rows):
        text += " An ensemble averages the probabilities of its models; its verdict holds for these models only."
    if any(len(seeds) == 1 for seeds in all_seeds):
        text += " With one seed, the verdict holds for these models only, not for other seeds."
    return text


def params_table(changes: Sequence[Change]) -> str:
    rows = [(inline_code(name), inline_code(base), inline_code(head)) for name, base, head in changes]
    return table(("Parameter", "Base", "Head"), "lll", rows)


def metrics_table(changes: Sequence[Change]) -> str:
    rows = [
        (inline_code(name), format_number(base), format_number(head), format_change(base, head))
        for name, base, head in changes
    ]
    return table(("Metric", "Base", "Head", "Change"), "lrrr", rows)


def costs_table(base: Costs, head: Costs) -> str:
    rows = [
        (
            model,
            name.replace("_", " ").replace("tflop", "TFLOP"),
            format_number(base_cost),
            format_number(head_cost),
            f"{head_cost / base_cost:.2f} ×",
        )
        for model in base
        for name in COSTS
        if (base_cost := base[model].get(name))
        and (head_cost := head.get(model, {}).get(name))
        and base_cost != head_cost
    ]
    return table(("Model", "Cost", "Base", "Head", "Head / base"), "llrrr", rows)


def figures_table(links: Mapping[str, Links]) -> str:
    rows = [(image(name, "base", base), image(name, "head", head)) for name, (base, head) in links.items()]
    return table(("Base", "Head"), "ll", rows)


def image(name: str, side: str, link: str | None) -> str:
    return f"{name}<br>![{name}, {side}]({link})" if link else "–"


def table(header: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    return tables.table(header, align, rows) if rows else ""


def inline_code(value: Any) -> str:
    """Return the value as inline code. A backtick would end it, so it becomes an apostrophe."""
    return f"`{str(value).replace('`', chr(39))}`" if value is not None else "–"


def format_number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def format_change(base: float | None, head: float | None) -> str:
    if base is None or head is None:
        return "–"
    return f"{head - base:+,}" if isinstance(base, int) and isinstance(head, int) else f"{head - base:+.6f}"
