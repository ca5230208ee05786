"""Pictures of the results, for people. The only room for matplotlib."""

from pathlib import Path

from digits.evaluation.cost_accuracy import Point
from digits.figures import confusion, cost_accuracy, images, reliability, robustness, search, training
from digits.figures.data import Results
from digits.figures.style import save, styled

DRAWINGS = {
    "training": training.draw,
    "search": search.draw,
    "search-hyperparameters": search.draw_hyperparameters,
    "confusion": confusion.draw,
    "samples": images.draw_samples,
    "mistakes": images.draw_mistakes,
    "reliability": reliability.draw,
    "robustness": robustness.draw,
}
COMPUTE = "compute.png"


def write(results: Results, folder: Path) -> list[Path]:
    written = []
    with styled():
        for name, draw in DRAWINGS.items():
            path = folder / f"{results.family}-{name}.png"
            save(draw(results), path)
            written.append(path)
    return written


def write_compute(points: list[Point], folder: Path) -> Path:
    with styled():
        save(cost_accuracy.draw(points), folder / COMPUTE)
    return folder / COMPUTE
