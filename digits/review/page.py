"""The review as a page: the recommendation first, then what it rests on. Nothing stands where nothing differs."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from digits.comparison.comparison import ENSEMBLE
from digits.comparison.verdict import ALPHA, BETTER, OPEN, POWER, WORSE
from digits.report import tables
from digits.review.advice import detectable, metric_name
from digits.review.answers import Comparison, Line
from digits.review.revisions import COSTS, Change, Costs, Links, Revision

MARK = "<!-- review -->"  # by which the workflow finds its comment again
SAME = "same answers, to the last bit"


def page(title: str, advice: str, notes: Sequence[str], body: Sequence[str]) -> str:
    quoted = "\n>\n".join(f"> {note}" for note in notes)
    return "\n\n".join(filter(None, (MARK, f"## {title}", advice, quoted, *body))) + "\n"


def section(title: str, body: str, otherwise: str) -> str:
    return f"### {title}\n\n{body or otherwise}"


def folded(title: str, body: str) -> str:
    return body and f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def listed(things: Sequence[str], most: int = 12) -> str:
    return ", ".join(things[:most]) + (f" and {len(things) - most} more" if len(things) > most else "")


def outdated(revision: Revision, stages: Sequence[str]) -> str:
    named = listed([f"`{stage}`" for stage in stages], most=3)
    return f"The results of {revision} were made by other code or parameters than it holds ({named})"


def made_here(revision: Revision) -> str:
    return f"The answers of {revision} are those that this machine made of the same code, parameters and images."


def verdicts(comparison: Comparison) -> str:
    head = ("Model", "Metric", "Old", "New", "Difference", "p", "Verdict")
    rows = table(head, "llrrrrl", [row(line) for line in comparison.lines])
    sides = (("old", comparison.only_old), ("new", comparison.only_new))
    unmatched = [f"Only on the {side} side, so not compared: {', '.join(models)}." for side, models in sides if models]
    judged = (by_model(comparison.lines), rows, note(comparison)) if comparison.lines else ()
    return "\n\n".join((*judged, *unmatched))


def by_model(lines: Sequence[Line]) -> str:
    said = []
    for model, group in groupby(lines, lambda line: line.model):
        found = [(line.verdict.verdict, metric_name(line)) for line in group if line.verdict]
        axes = {kind: [name for verdict, name in found if verdict == kind] for kind in (BETTER, WORSE, OPEN)}
        parts = [f"{kind} in {', '.join(names)}" for kind, names in axes.items() if names]
        said.append(f"- {model}: {'; '.join(parts) or SAME}")
    return "\n".join(said)


def row(line: Line) -> tuple[str, ...]:
    found, (old, new) = line.verdict, (tables.cell(line.metric, each) for each in (line.old, line.new))
    shown = line.model, line.metric.heading, old, new
    if found is None:
        return *shown, "0", "–", SAME
    said = f"**{found.verdict}**"
    if found.verdict == OPEN:
        said = f"{OPEN} (detectable: {detectable(line)})"
    return *shown, tables.with_interval(line.metric, found), tables.p_text(found.p), said


def note(comparison: Comparison) -> str:
    seeds = dict.fromkeys(line.seeds for line in comparison.lines)
    named = " or ".join(", ".join(map(str, each)) for each in seeds)
    judged = sum(line.verdict is not None for line in comparison.lines)
    text = (
        f"On {comparison.images:,} test images, mean ± standard deviation over seeds {named}; differences paired by "
        "image, with 95 % intervals, those of shares (%) in points."
    )
    if judged:
        text += (
            f" p allows for {judged} compared at once, and decides below {ALPHA}; "
            f"a detectable difference is one that {100 * POWER:.0f} % of such comparisons would find."
        )
    if any(line.model.endswith(ENSEMBLE) for line in comparison.lines):
        text += " An ensemble averages what the seeds' models say; its verdict is of these very models."
    if any(len(each) == 1 for each in seeds):
        text += " One seed: the verdict is of these very models, and says nothing of others trained alike."
    return text


def params(changes: Sequence[Change]) -> str:
    rows = [(code(name), code(was), code(now)) for name, was, now in changes]
    return table(("Parameter", "Old", "New"), "lll", rows)


def metrics(changes: Sequence[Change]) -> str:
    rows = [(code(name), number(was), number(now), delta(was, now)) for name, was, now in changes]
    return table(("Metric", "Old", "New", "Change"), "lrrr", rows)


def costs(old: Costs, new: Costs) -> str:
    rows = [
        (model, name.replace("_", " ").replace("tflop", "TFLOP"), number(was), number(now), f"{now / was:.2f} ×")
        for model in old
        for name in COSTS
        if (was := old[model].get(name)) and (now := new.get(model, {}).get(name)) and was != now
    ]
    return table(("Model", "Cost", "Old", "New", "New / old"), "llrrr", rows)


def figures(links: Mapping[str, Links]) -> str:
    rows = [(picture(name, "old", old), picture(name, "new", new)) for name, (old, new) in links.items()]
    return table(("Old", "New"), "ll", rows)


def picture(name: str, side: str, link: str | None) -> str:
    return f"{name}<br>![{name}, {side}]({link})" if link else "–"


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[str]]) -> str:
    return tables.table(head, align, rows) if rows else ""


def code(value: Any) -> str:
    """As it is, whatever is in it; a backtick would end it."""
    return f"`{str(value).replace('`', chr(39))}`" if value is not None else "–"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def delta(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "–"
    return f"{new - old:+,}" if isinstance(old, int) and isinstance(new, int) else f"{new - old:+.6f}"
