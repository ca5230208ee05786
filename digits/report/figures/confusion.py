"""What is taken for what. Right predictions are blue; mistakes have an orange scale of their own: 1 % must be seen."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from digits.evaluation import metrics
from digits.report.figures.data import Results
from digits.report.figures.style import QUIET, counted, percent, short, titled

SIDE_BY_SIDE_UP_TO = 12
NUMBERS_UP_TO = 20
LABELS_UP_TO = 40
LEAST_SHARE_WRITTEN = 0.0005


def draw(results: Results) -> Figure:
    size = len(results.classes)
    shares = {}
    for variant, probabilities in results.probabilities.items():
        counts = metrics.confusion(results.labels, probabilities, size)
        shares[variant] = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    off_diagonal = ~np.eye(size, dtype=bool)
    mistakes = Normalize(0, max(0.001, *(float(share[off_diagonal].max()) for share in shares.values())))
    side_by_side = size <= SIDE_BY_SIDE_UP_TO
    figure = titled(f"{results.family}: confusion on the test split", height=4.5 if side_by_side else 12)
    axes = figure.subplots(*((1, 2) if side_by_side else (2, 1)), sharey=side_by_side)
    for ax, (variant, share) in zip(axes, shares.items(), strict=True):
        draw_matrix(ax, share, mistakes)
        label_classes(ax, results.classes)
        right = np.mean([metrics.accuracy(each, results.labels) for each in results.probabilities[variant]])
        ax.set_title(f"{variant}: {right:.2%} right")
    axes[0].set_ylabel("actual")
    axes[-1].set_ylabel("" if side_by_side else "actual")
    scale = ScalarMappable(mistakes, "Oranges")
    bar = figure.colorbar(scale, ax=axes, location="bottom", shrink=0.5, aspect=40, format=percent)
    bar.outline.set_visible(False)
    numbers = " Numbers are percent of a row." if size <= NUMBERS_UP_TO else ""
    about = f"share of a class that is taken for another, over {counted(results.seeds, 'seed')}.{numbers}"
    bar.set_label(about, color=QUIET, size=7)
    return figure


def draw_matrix(ax: Axes, share: np.ndarray, mistakes: Normalize) -> None:
    diagonal = np.eye(len(share), dtype=bool)
    colours = colormaps["Oranges"](mistakes(share))
    colours[(share == 0) & ~diagonal] = 1
    colours[diagonal] = colormaps["Blues"](0.1 + 0.45 * share[diagonal])
    ax.imshow(colours, interpolation="nearest")
    ax.grid(visible=False)
    ax.spines[:].set_visible(True)
    if len(share) > NUMBERS_UP_TO:
        return
    size = 6 if len(share) <= SIDE_BY_SIDE_UP_TO else 6.5
    for actual, predicted in zip(*np.nonzero(share >= LEAST_SHARE_WRITTEN), strict=True):
        value = share[actual, predicted]
        text = f"{100 * value:.1f}" if value < 1 else "100"
        dark = colours[actual, predicted, :3] @ (0.3, 0.6, 0.1) < 0.55
        ax.text(predicted, actual, text, ha="center", va="center", size=size, color="white" if dark else "#222222")


def label_classes(ax: Axes, classes: list[str]) -> None:
    every = -(-len(classes) // LABELS_UP_TO)
    places = range(0, len(classes), every)
    labels = [short(classes[place], 16) for place in places]
    size = 7.5 if len(labels) <= NUMBERS_UP_TO else 6
    slanted = max(map(len, labels)) > (3 if len(labels) > 5 else 8)
    ax.set_yticks(places, labels, size=size)
    ax.set_xticks(places, labels, size=size, rotation=50 if slanted else 0, ha="right" if slanted else "center")
    ax.tick_params(length=0)
    if slanted:
        for label in ax.get_xticklabels():
            label.set_rotation_mode("anchor")
    ax.set_xlabel("predicted")
