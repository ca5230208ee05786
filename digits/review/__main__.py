"""Write a page for a pull request that shows the effect of a change: `make review BASE=main HEAD=experiment`."""

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
from digits.review.predictions import RevisionComparison, RevisionPredictions, compare, group_by_model
from digits.review.revisions import Change, Revision, load_revision
from digits.review.stored import read_arrays

FOLDER = Path(".review")
PAGE = FOLDER / "review.md"
DIFFERENT_TEST_IMAGES = (
    "**No recommendation:** base and head predicted different test images, so their predictions cannot be paired. "
    "Read the differences below, and compare on the same images."
)


def main(base_name: str = "main", head_name: str = "") -> None:
    remove(FOLDER)  # so that no earlier page remains if this review fails
    base, head = load_revision(base_name), load_revision(head_name)
    try:
        comparison = compare_revisions(base, head)
    except UserError as error:
        write_page(base, head, f"**No recommendation:** {error}.")
        raise
    if comparison is None:
        write_page(base, head, DIFFERENT_TEST_IMAGES)
    elif stages := revisions.outdated_stages(head):
        results = page.outdated_results(head, stages)
        write_page(base, head, f"**No recommendation yet:** {results}; run `dvc repro`, then review again.", comparison)
    else:
        advice = advise(comparison, revisions.read_costs(base), revisions.read_costs(head))
        write_page(base, head, advice, comparison)


def compare_revisions(base: Revision, head: Revision) -> RevisionComparison | None:
    """Return the comparison, or None if the test images differ."""
    digests = {revisions.digest_of_test_images(revision) for revision in (base, head)} - {None}
    base_predictions, head_predictions = (group_by_model(read_arrays(revision)) for revision in (base, head))
    if len(digests) > 1 or not np.array_equal(base_predictions.labels, head_predictions.labels):
        return None
    notes = ()
    if note := corrupted_images_note((base, head), (base_predictions, head_predictions)):
        base_predictions = base_predictions.without_corrupted_images()
        head_predictions = head_predictions.without_corrupted_images()
        notes = (note,)
    return replace(compare(base_predictions, head_predictions), notes=notes)


def corrupted_images_note(pair: Sequence[Revision], predictions: Sequence[RevisionPredictions]) -> str:
    """Return the reason why predictions on corrupted images cannot be compared, or an empty text."""
    shapes = [revision_predictions.corrupted_shapes for revision_predictions in predictions]
    if missing := [str(revision) for revision, its_shapes in zip(pair, shapes, strict=True) if not its_shapes]:
        return f"Corrupted images are not compared: {' and '.join(missing)} stored no predictions for them."
    base_code, head_code = map(revisions.corruption_code, pair)
    same_code = base_code and base_code == head_code == revisions.local_corruption_code(base_code)
    if not same_code or len(set().union(*shapes)) > 1:
        places = ", ".join(dict.fromkeys((*map(str, pair), "the working tree")))
        return f"Corrupted images are not compared: the code that corrupts them, or their number, differs ({places})."
    return ""


def write_page(base: Revision, head: Revision, advice: str, comparison: RevisionComparison | None = None) -> None:
    params, metrics = (revisions.differences(kind, base, head) for kind in ("params", "metrics"))
    base_costs, head_costs = map(revisions.read_costs, (base, head))
    body = (
        page.section("Verdicts: head compared with base", comparison and page.verdicts(comparison), "None."),
        page.section("Parameters", page.params_table(params), "Unchanged."),
        page.section("Code", page.join_names(revisions.changed_code(base, head)), "Unchanged."),
        page.section("Cost", page.costs_table(base_costs, head_costs), "Unchanged."),
        page.details("Metrics that differ", page.metrics_table(metrics)),
        page.details("Figures that differ", page.figures_table(revisions.changed_figures(base, head, FOLDER))),
    )
    notes = [*(comparison.notes if comparison else ()), *revision_notes(base, head, metrics)]
    text = page.render(f"Review of {head} against {base}", advice, notes, body)
    write_text(PAGE, text)
    print(text, end="", flush=True)


def revision_notes(base: Revision, head: Revision, metrics: Sequence[Change]) -> list[str]:
    notes = []
    if head.commit is None:
        notes.append("The working tree has uncommitted changes.")
    if n_commits := revisions.n_missing_commits(base, head):
        notes.append(
            f"{head} lacks {n_commits} of the commits of {base}: their changes appear as undone here. Rebase, and "
            "review again."
        )
    if stages := revisions.outdated_stages(base):
        notes.append(f"{page.outdated_results(base, stages)}. The stored results are compared.")
    for side, revision in (("base", base), ("head", head)):
        if name := revisions.former_name(metrics, side):
            notes.append(page.former_names_note(revision, name))
    return notes


if __name__ == "__main__":
    started = time.perf_counter()
    if len(sys.argv) > 3:
        sys.exit("review: error: takes at most two revisions, base and head; default: main and the working tree")
    with one_line_errors("review"):
        main(*sys.argv[1:])
    print(f"review: {PAGE} ({time.perf_counter() - started:.1f} s)", file=sys.stderr)
