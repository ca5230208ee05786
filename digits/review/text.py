"""The review as a page: the recommendation first, then what it rests on."""

from collections.abc import Sequence

from digits.comparison.comparison import ENSEMBLE
from digits.comparison.tables import percent
from digits.comparison.verdict import ALPHA, NO_EVIDENCE, POWER, Verdict, points
from digits.review.advice import NAMED
from digits.review.answers import Comparison, Line
from digits.review.revisions import Revision
from digits.review.tables import table

MARK = "<!-- review -->"  # by which the workflow finds its comment again


def section(title: str, body: str, otherwise: str) -> str:
    return f"### {title}\n\n{body or otherwise}"


def folded(title: str, body: str) -> str:
    return body and f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def verdicts(comparison: Comparison) -> str:
    head = ("Model", "Old", "New", "Difference in points", "p", "Verdict")
    body = table(head, "lrrrrl", [row(line) for line in comparison.lines])
    return "\n\n".join((body, note(comparison), *unmatched(comparison)))


def row(line: Line) -> tuple[str, ...]:
    old, new = f"{percent(line.old)} %", f"{percent(line.new)} %"
    if line.verdict is None:
        return str(line), old, new, "0", "–", "same answers, to the last bit"
    found = line.verdict
    between = f"{points(found.difference)} [{points(found.low)}, {points(found.high)}]"
    return str(line), old, new, between, f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001", said(found)


def said(found: Verdict) -> str:
    if found.verdict != NO_EVIDENCE:
        return f"**{found.verdict}**"
    return f"{NO_EVIDENCE} (±{100 * found.detectable:.2f} would have been found)"


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


def unmatched(comparison: Comparison) -> list[str]:
    sides = (("old", comparison.only_old), ("new", comparison.only_new))
    return [f"Only on the {side} side, so not compared: {', '.join(models)}." for side, models in sides if models]


def outdated(side: Revision, stages: Sequence[str]) -> str:
    named = listed([f"`{stage}`" for stage in stages], NAMED)
    return f"The results of {side} were made by other code or parameters than it holds ({named})"


def listed(things: Sequence[str], most: int = 12) -> str:
    return ", ".join(things[:most]) + (f" and {len(things) - most} more" if len(things) > most else "")


def page(title: str, advice: str, notes: Sequence[str], body: Sequence[str]) -> str:
    quoted = "\n>\n".join(f"> {note}" for note in notes)
    return "\n\n".join(filter(None, (MARK, f"## {title}", advice, quoted, *body))) + "\n"
