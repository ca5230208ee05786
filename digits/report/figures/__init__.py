"""Pictures of the results, for people. The only room for matplotlib."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from digits.evaluation.flops import CostAccuracy
from digits.report.figures import confusion, cost_accuracy, images, reliability, robustness, search, training
from digits.report.figures.data import Results
from digits.report.figures.style import save, styled

# Of each family. MLflow keeps with a search the figures whose name begins with "search", and with a model the others.
FIGURES: dict[str, Callable[[Results], Figure]] = {
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


def write(results: Results, folder: Path) -> list[Path]:
    with styled():
        return [save(draw(results), folder / f"{results.family}-{name}.png") for name, draw in FIGURES.items()]


def write_cost_accuracy(points: Sequence[CostAccuracy], folder: Path) -> Path:
    with styled():
        return save(cost_accuracy.draw(points), folder / COST_ACCURACY)
