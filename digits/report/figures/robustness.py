"""Accuracy on corrupted images, by severity, above what the images then look like: seen kinds apart from unseen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.evaluation.robustness import sample_indices
from digits.report.figures import data
from digits.report.figures.images import draw_image, thinned
from digits.report.figures.style import QUIET, add_legend, counted, headed, panels, percent, titled
from digits.report.figures.training import band_of, draw_bands

HEADINGS = {"trained": "Trained corruptions", "held-out": "Held-out corruptions"}
ACROSS = 4
ALL_SEVERITIES = (0, *SEVERITIES)


def draw(results: data.Results) -> Figure:
    rows = data.corrupted(results)
    names = {group: [data.MEAN.format(group), *kinds] for group, kinds in data.GROUPS.items()}
    heights = [-(-len(each) // ACROSS) for each in names.values()]
    about = f"{counted(len(sample_indices(len(results.labels))), 'test image')}, the first of them shown"
    about += "; " * (results.seeds > 1) + band_of(results.seeds)
    figure = titled(f"{results.family}: accuracy on corrupted test images", 1.3 + 1.85 * sum(heights), about)
    for part, group in zip(headed(figure, [*HEADINGS.values()], heights), names, strict=True):
        for name, ax in panels(part, names[group], ACROSS).items():
            draw_panel(ax, [row for row in rows if row["corruption"] == name], name, results.images[:1])
        ax.set_ylim(min(row["lowest"] for row in rows if row["group"] == group) - 0.03, 1.01)
        ax.yaxis.set_major_formatter(percent)
    add_legend(figure)
    return figure


def draw_panel(ax: Axes, rows: list[data.Row], name: str, image: np.ndarray) -> None:
    draw_bands(ax, rows, "severity")
    ax.set_title(name)
    ax.set_xlim(-0.5, len(ALL_SEVERITIES) - 0.5)
    ax.set_xticks(ALL_SEVERITIES, [row["strength"] for row in rows[: len(ALL_SEVERITIES)]])
    if name in CORRUPTIONS:
        ax.set_title(CORRUPTIONS[name].unit, loc="right", size=6, color=QUIET)
        below = ax.inset_axes((0, -0.6, 1, 0.4), anchor="N")
        draw_image(below, side_by_side([corrupt(image, name, severity)[0] for severity in ALL_SEVERITIES]))


def side_by_side(images: list[np.ndarray]) -> np.ndarray:
    """Each as wide as tall at least, on white, so that it is below its severity."""
    small = np.stack([thinned(image) for image in images])
    margin = 1 + max(0, small.shape[1] - small.shape[2]) // 2
    padded = np.pad(small, ((0, 0), (0, 0), (margin, margin), (0, 0)), constant_values=255)
    return np.concatenate([*padded], axis=1)
