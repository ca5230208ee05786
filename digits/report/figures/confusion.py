"""Confusion matrices. Correct predictions are blue; errors have their own orange scale, which shows even 1 %."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from digits.evaluation import metrics
from digits.report.figures.data import FamilyResults
from digits.report.figures.style import INK_COLOUR, create_figure, format_count, format_percent, shorten

MAX_SIDE_BY_SIDE, MAX_WITH_NUMBERS, MAX_LABELS = 12, 20, 40  # classes
MAX_LEVEL_CHARACTERS = 40
MIN_NUMBER = 0.0005


def draw(results: FamilyResults) -> Figure:
    n_classes = len(results.classes)
    counts = [metrics.confusion_matrix(results.labels, models, n_classes) for models in results.probabilities.values()]
    shares = [count / np.maximum(1, count.sum(axis=1, keepdims=True)) for count in counts]
    error_scale = Normalize(0, max(0.001, *(share[~np.eye(n_classes, dtype=bool)].max() for share in shares)))
    caption = f"Share of a true class predicted as another class, over {format_count(results.n_seeds, 'seed')}."
    caption += " Numbers: percent of the row." if n_classes <= MAX_WITH_NUMBERS else ""
    grid, height = ((1, 2), 4.6) if n_classes <= MAX_SIDE_BY_SIDE else ((2, 1), 12)
    figure = create_figure(f"{results.family}: confusion matrices of the test images", height, caption)
    axes = figure.subplots(*grid, sharey=True)
    for ax, variant, count, share in zip(axes, results.probabilities, counts, shares, strict=True):
        draw_matrix(ax, share, error_scale)
        label_classes(ax, results.classes)
        ax.set_title(f"{variant}: accuracy {count.trace() / count.sum():.2%}")
        ax.set_ylabel("true class" if ax.get_subplotspec().is_first_col() else "")
    bar = figure.colorbar(axes[0].images[-1], ax=axes, location="bottom", shrink=0.5, aspect=40, format=format_percent)
    bar.outline.set_visible(False)
    return figure


def draw_matrix(ax: Axes, share: np.ndarray, error_scale: Normalize) -> None:
    diagonal = np.eye(len(share), dtype=bool)
    # The cells are not square: constrained layout reserves no room for the titles of axes with a fixed aspect.
    ax.imshow(np.where(diagonal, share, np.nan), aspect="auto", cmap="Blues", vmin=-0.2, vmax=2)
    ax.imshow(np.where(diagonal | (share == 0), np.nan, share), aspect="auto", cmap="Oranges", norm=error_scale)
    ax.grid(visible=False)
    ax.spines[:].set_visible(True)
    if len(share) > MAX_WITH_NUMBERS:
        return
    for label, predicted in zip(*np.nonzero(share >= MIN_NUMBER), strict=True):
        value = share[label, predicted]
        colour = "white" if label != predicted and value > 0.62 * error_scale.vmax else INK_COLOUR
        text = "100" if value == 1 else f"{100 * value:.1f}"
        ax.text(predicted, label, text, ha="center", va="center", size=6, color=colour)


def label_classes(ax: Axes, classes: list[str]) -> None:
    indices = range(0, len(classes), -(-len(classes) // MAX_LABELS))
    names = [shorten(classes[index], 16) for index in indices]
    size = 7.5 if len(names) <= MAX_WITH_NUMBERS else 6
    slanted = len(names) * max(map(len, names)) > MAX_LEVEL_CHARACTERS
    ax.set_yticks(indices, names, size=size)
    ax.set_xticks(indices, names, size=size, rotation=50 if slanted else 0, rotation_mode="xtick")
    ax.tick_params(length=0)
    ax.set_xlabel("predicted class")
