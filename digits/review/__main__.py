"""What a change does, as one page for a pull request: `make review BASE=main HEAD=experiment`."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import remove, write_text
from digits.review import page, revisions
from digits.review.advice import advise
from digits.review.answers import Answers, Comparison, answers, compare
from digits.review.revisions import Revision, revision
from digits.review.stored import stored

FOLDER = Path(".review")
PAGE = FOLDER / "review.md"
OTHER_IMAGES = (
    "**No recommendation:** the two sides were asked about different test images, so their answers cannot be paired. "
    "Read what follows, and compare on the same images."
)


def main(base: str = "main", head: str = "") -> None:
    remove(FOLDER)  # what an earlier review found is not what this one finds, if anything
    old, new = revision(base), revision(head)
    try:
        comparison = compared(old, new)
    except UserError as obstacle:
        publish(old, new, f"**No recommendation:** {obstacle}.")
        raise
    if comparison is None:
        publish(old, new, OTHER_IMAGES)
    elif stages := revisions.outdated_stages(new):
        advice = f"**No recommendation yet:** {page.outdated(new, stages)}; `dvc repro`, then review again."
        publish(old, new, advice, comparison)
    else:
        advice = advise(comparison, revisions.costs(old), revisions.costs(new))
        publish(old, new, advice, comparison)


def compared(old: Revision, new: Revision) -> Comparison | None:
    """None where nothing can be paired, for other test images were shown."""
    digests = {revisions.test_images(each) for each in (old, new)} - {None}
    found = [stored(each) for each in (old, new)]
    mine, theirs = (answers(each.arrays) for each in found)
    if len(digests) > 1 or not np.array_equal(mine.labels, theirs.labels):
        return None
    said = [page.made_here(side) for side, each in zip((old, new), found, strict=True) if each.made_here]
    if obstacle := why_corrupted_images_are_not_compared((old, new), (mine, theirs)):
        mine, theirs = (each.without_corrupted_images() for each in (mine, theirs))
        said.append(obstacle)
    return replace(compare(mine, theirs), notes=tuple(said))


def why_corrupted_images_are_not_compared(sides: Sequence[Revision], found: Sequence[Answers]) -> str:
    if without := [str(side) for side, each in zip(sides, found, strict=True) if not each.corrupted_images]:
        return f"Corrupted images: not compared, for {' and '.join(without)} stored none."
    old, new = map(revisions.corruption_code, sides)
    same = old and old == new == revisions.local_corruption_code(old)
    if not same or len(set().union(*(each.corrupted_images for each in found))) > 1:
        return f"Corrupted images: not compared, for {', '.join(map(str, sides))} and the code here do not make the same ones."
    return ""


def publish(old: Revision, new: Revision, advice: str, comparison: Comparison | None = None) -> None:
    body = (
        page.section("Verdict, old against new", comparison and page.verdicts(comparison), "None."),
        page.section("Parameters", page.params(revisions.differences("params", old, new)), "The same."),
        page.section("Code", page.listed(revisions.code(old, new)), "The same."),
        page.section("Cost", page.costs(revisions.costs(old), revisions.costs(new)), "The same."),
        page.folded("Metrics that differ", page.metrics(revisions.differences("metrics", old, new))),
        page.folded("Figures that differ", page.figures(revisions.figures(old, new, FOLDER))),
    )
    said = [*(comparison.notes if comparison else ()), *notes(old, new)]
    text = page.page(f"Review of {new} against {old}", advice, said, body)
    write_text(PAGE, text)
    print(text, end="", flush=True)


def notes(old: Revision, new: Revision) -> list[str]:
    found = []
    if new.commit is None:
        found.append("The working tree holds what is not committed.")
    if count := revisions.behind(old, new):
        found.append(
            f"{new} lacks {count} of the commits of {old}: what these did looks undone here. Rebase, and review again."
        )
    if stages := revisions.outdated_stages(old):
        found.append(f"{page.outdated(old, stages)}. What is compared are the stored results.")
    return found


if __name__ == "__main__":
    started = time.perf_counter()
    if len(sys.argv) > 3:
        sys.exit("review: error: takes a base and what is to be reviewed; default: main and the working tree")
    with one_line_errors("review"):
        main(*sys.argv[1:])
    print(f"review: {PAGE} ({time.perf_counter() - started:.1f} s)", file=sys.stderr)
