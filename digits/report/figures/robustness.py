"""Accuracy on corrupted images, by severity, above what the images then look like: seen kinds apart from unseen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.evaluation.robustness import sample
from digits.report.figures import data
from digits.report.figures.images import draw_image
from digits.report.figures.style import QUIET, WIDTH, band_of, counted, draw_bands, in_inches, percent

HEADINGS = {
    "seen": "Seen in training or search",
    "unseen": "Never seen in training or search",
}
ACROSS = 4
MARGIN, LEFT, RIGHT, GAP = 0.084, 0.42, 0.08, 0.14  # inches
HEAD, HEADING, PLOT, BELOW = 0.5, 0.5, 1.05, 0.75
ALL_SEVERITIES = (0, *SEVERITIES)
IMAGES_BELOW, IMAGES_HIGH = 0.18, 0.315


def draw(results: data.Results) -> Figure:
    rows = data.corrupted(results)
    panels = {group: [data.MEAN.format(group), *kinds] for group, kinds in data.GROUPS.items()}
    downs = [-(-len(names) // ACROSS) for names in panels.values()]
    height = HEAD + len(panels) * HEADING + sum(downs) * (PLOT + BELOW)
    about = f"{counted(len(sample(len(results.labels))), 'test image')}, the first of them shown"
    if results.seeds > 1:
        about += f"; {band_of(results.seeds)}"
    figure, canvas = in_inches(f"{results.family}: accuracy on corrupted test images", about, height, MARGIN)
    wide = (WIDTH - LEFT - RIGHT - (ACROSS - 1) * GAP) / ACROSS
    top = HEAD
    for (group, names), down in zip(panels.items(), downs, strict=True):
        lowest = min(row["lowest"] for row in rows if row["group"] == group)
        canvas.text(MARGIN, height - top - 0.06, HEADINGS[group], va="top", size=9, weight="bold")
        for place, name in enumerate(names):
            left = LEFT + place % ACROSS * (wide + GAP)
            bottom = height - top - HEADING - place // ACROSS * (PLOT + BELOW) - PLOT
            ax = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, PLOT / height))
            draw_panel(ax, [row for row in rows if row["corruption"] == name], name)
            if name in CORRUPTIONS:
                draw_images(canvas, results.images[:1], name, left, bottom - IMAGES_BELOW, wide / len(ALL_SEVERITIES))
            ax.set_ylim(lowest - 0.03, 1.01)
            ax.tick_params(labelleft=place % ACROSS == 0)
        top += HEADING + down * (PLOT + BELOW)
    figure.legend(*ax.get_legend_handles_labels(), loc="upper right", ncols=2, borderaxespad=0.3)
    return figure


def draw_panel(ax: Axes, rows: list[data.Row], name: str) -> None:
    draw_bands(ax, rows, "severity", marker="o")
    ax.set_xlim(-0.5, len(ALL_SEVERITIES) - 0.5)
    ax.set_xticks(ALL_SEVERITIES, [row["strength"] for row in rows[: len(ALL_SEVERITIES)]])
    ax.yaxis.set_major_formatter(percent)
    ax.set_title(name)
    if name in CORRUPTIONS:
        ax.set_title(CORRUPTIONS[name].unit, loc="right", size=6, color=QUIET)


def draw_images(canvas: Axes, image: np.ndarray, name: str, left: float, top: float, step: float) -> None:
    """Below the severities, as an example of each."""
    for severity in ALL_SEVERITIES:
        corner = left + (severity + 0.04) * step, top
        draw_image(canvas, corrupt(image, name, severity)[0], corner, (0.92 * step, IMAGES_HIGH))
