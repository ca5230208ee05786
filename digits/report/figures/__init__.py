"""Figures of the results. Only this package imports matplotlib."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from digits.evaluation.flops import CostAccuracy
from digits.report.figures import confusion, cost_accuracy, images, reliability, robustness, search, training
from digits.report.figures.data import FamilyResults
from digits.report.figures.style import save, use_style

# One of each per family. MLflow logs those whose name begins with "search" to the search's run, the others to the
# runs of the models.
FIGURES: dict[str, Callable[[FamilyResults], Figure]] = {
    "training": training.draw,
    "search": search.draw,
    "search-hyperparameters": search.draw_hyperparameters,
    "confusion": confusion.draw,
    "samples": images.draw_samples,
    "mistakes": images.draw_mistakes,
    "reliability": reliability.draw,
    "robustness": robustness.draw,
}
COST_ACCURACY = "cost-accuracy.png"


def write(results: FamilyResults, folder: Path) -> list[Path]:
    with use_style():
        return [save(draw(results), folder / f"{results.family}-{name}.png") for name, draw in FIGURES.items()]


def write_cost_accuracy(points: Sequence[CostAccuracy], folder: Path) -> Path:
    with use_style():
        return save(cost_accuracy.draw(points), folder / COST_ACCURACY)
