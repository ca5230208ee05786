"""What is taken for what. Right predictions are blue; mistakes have an orange scale of their own: 1 % must be seen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from digits.evaluation import metrics
from digits.report.figures.data import Results
from digits.report.figures.style import INK, counted, percent, short, titled

MAX_SIDE_BY_SIDE, MAX_WITH_NUMBERS, MAX_LABELS = 12, 20, 40  # classes
MAX_LEVEL_CHARACTERS = 40
SMALLEST_NUMBER = 0.0005


def draw(results: Results) -> Figure:
    size = len(results.classes)
    counts = [metrics.confusion_matrix(results.labels, of_seeds, size) for of_seeds in results.probabilities.values()]
    shares = [count / np.maximum(1, count.sum(axis=1, keepdims=True)) for count in counts]
    mistakes = Normalize(0, max(0.001, *(share[~np.eye(size, dtype=bool)].max() for share in shares)))
    about = f"share of a class that is taken for another, over {counted(results.seeds, 'seed')}."
    about += " Numbers are percent of a row." if size <= MAX_WITH_NUMBERS else ""
    grid, height = ((1, 2), 4.6) if size <= MAX_SIDE_BY_SIDE else ((2, 1), 12)
    figure = titled(f"{results.family}: confusion on the test split", height, about)
    axes = figure.subplots(*grid, sharey=True)
    for ax, variant, count, share in zip(axes, results.probabilities, counts, shares, strict=True):
        draw_matrix(ax, share, mistakes)
        label_classes(ax, results.classes)
        ax.set_title(f"{variant}: {count.trace() / count.sum():.2%} right")
        ax.set_ylabel("actual" if ax.get_subplotspec().is_first_col() else "")
    scale = axes[0].images[-1]
    bar = figure.colorbar(scale, ax=axes, location="bottom", shrink=0.5, aspect=40, format=percent)
    bar.outline.set_visible(False)
    return figure


def draw_matrix(ax: Axes, share: np.ndarray, mistakes: Normalize) -> None:
    diagonal = np.eye(len(share), dtype=bool)
    # Cells need not be square: the layout reserves no room for the titles of axes with a fixed aspect.
    ax.imshow(np.where(diagonal, share, np.nan), aspect="auto", cmap="Blues", vmin=-0.2, vmax=2)
    ax.imshow(np.where(diagonal | (share == 0), np.nan, share), aspect="auto", cmap="Oranges", norm=mistakes)
    ax.grid(visible=False)
    ax.spines[:].set_visible(True)
    if len(share) > MAX_WITH_NUMBERS:
        return
    for actual, predicted in zip(*np.nonzero(share >= SMALLEST_NUMBER), strict=True):
        value = share[actual, predicted]
        colour = "white" if actual != predicted and value > 0.62 * mistakes.vmax else INK
        text = "100" if value == 1 else f"{100 * value:.1f}"
        ax.text(predicted, actual, text, ha="center", va="center", size=6, color=colour)


def label_classes(ax: Axes, classes: list[str]) -> None:
    indices = range(0, len(classes), -(-len(classes) // MAX_LABELS))
    labels = [short(classes[index], 16) for index in indices]
    size = 7.5 if len(labels) <= MAX_WITH_NUMBERS else 6
    slanted = len(labels) * max(map(len, labels)) > MAX_LEVEL_CHARACTERS
    ax.set_yticks(indices, labels, size=size)
    ax.set_xticks(indices, labels, size=size, rotation=50 if slanted else 0, rotation_mode="xtick")
    ax.tick_params(length=0)
    ax.set_xlabel("predicted")
