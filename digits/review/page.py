"""The review as a page: the recommendation first, then what it rests on. Nothing stands where nothing differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from digits.comparison.comparison import ENSEMBLE
from digits.comparison.tables import percent
from digits.comparison.verdict import ALPHA, BETTER, NO_EVIDENCE, POWER, WORSE, Verdict, points
from digits.review.answers import Comparison, Line
from digits.review.changes import COSTS, Change, Costs, Links
from digits.review.revisions import Revision

MARK = "<!-- review -->"  # by which the workflow finds its comment again
NAMED = 3
PURPOSES = {"training_tflop": "train", "multiply_adds": "answer"}


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
    named = listed([f"`{stage}`" for stage in stages], NAMED)
    return f"The results of {revision} were made by other code or parameters than it holds ({named})"


def advise(comparison: Comparison, old: Costs, new: Costs) -> str:
    """Merge, do not merge, or decide on other grounds."""
    better, worse = (with_verdict(comparison.lines, kind) for kind in (BETTER, WORSE))
    cost = f"Cost: {relative_cost(comparison.lines, old, new)}."
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
    said = []
    for line in lines[:NAMED]:
        low, high = sorted((abs(line.verdict.low), abs(line.verdict.high)))
        difference = abs(line.verdict.difference)
        said.append(f"{line} is {kind} by {100 * difference:.2f} points ({100 * low:.2f} to {100 * high:.2f})")
    more = len(lines) - NAMED
    return ", ".join(said) + (f", and {more} more {'are' if more > 1 else 'is'}" if more > 0 else "")


def unmeasurable(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "every model gives the same answers, to the last bit"
    largest = max(verdicts, key=lambda verdict: abs(verdict.difference))
    return (
        f"the largest difference found is {points(largest.difference)} points "
        f"[{points(largest.low)}, {points(largest.high)}], where ±{100 * largest.detectable:.2f} would have been found"
    )


def relative_cost(lines: Sequence[Line], old: Costs, new: Costs) -> str:
    """Of the models that were trained: an ensemble takes as many times as much."""
    said, known = [], False
    for model in [str(line) for line in lines if not line.variant.endswith(ENSEMBLE)]:
        for name, purpose in PURPOSES.items():
            was, now = (costs.get(model, {}).get(name) for costs in (old, new))
            known |= bool(was and now)
            if was and now and was != now:
                said.append(f"{model} takes {now / was:.2f} × as much to {purpose}")
    return ", ".join(said) or ("the same" if known else "not known on both sides")


def verdicts(comparison: Comparison) -> str:
    head = ("Model", "Old", "New", "Difference in points", "p", "Verdict")
    sides = (("old", comparison.only_old), ("new", comparison.only_new))
    unmatched = [f"Only on the {side} side, so not compared: {', '.join(models)}." for side, models in sides if models]
    return "\n\n".join((table(head, "lrrrrl", [row(line) for line in comparison.lines]), note(comparison), *unmatched))


def row(line: Line) -> tuple[str, ...]:
    old, new = f"{percent(line.old)} %", f"{percent(line.new)} %"
    if line.verdict is None:
        return str(line), old, new, "0", "–", "same answers, to the last bit"
    found = line.verdict
    between = f"{points(found.difference)} [{points(found.low)}, {points(found.high)}]"
    said = f"**{found.verdict}**"
    if found.verdict == NO_EVIDENCE:
        said = f"{NO_EVIDENCE} (±{100 * found.detectable:.2f} would have been found)"
    return str(line), old, new, between, f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001", said


def note(comparison: Comparison) -> str:
    seeds = dict.fromkeys(line.seeds for line in comparison.lines)
    named = " or ".join(", ".join(map(str, each)) for each in seeds)
    judged = sum(line.verdict is not None for line in comparison.lines)
    text = (
        f"Accuracy on {comparison.images:,} test images, mean ± standard deviation over seeds {named}; differences "
        "paired by image, with 95 % intervals."
    )
    if judged:
        text += (
            f" p allows for {judged} compared at once, and decides below {ALPHA}; "
            f"what would have been found would have been so in {100 * POWER:.0f} % of such comparisons."
        )
    if any(line.variant.endswith(ENSEMBLE) for line in comparison.lines):
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


def table(head: Sequence[str], align: str, rows: Sequence[Sequence[Any]]) -> str:
    lines = (head, ["---:" if side == "r" else "---" for side in align], *rows)
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines) if len(lines) > 2 else ""


def cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def code(value: Any) -> str:
    """As it is, whatever is in it; a backtick would end it."""
    return f"`{str(value).replace('`', chr(39))}`" if value is not None else "–"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def delta(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "–"
    return f"{new - old:+,}" if isinstance(old, int) and isinstance(new, int) else f"{new - old:+.6f}"
