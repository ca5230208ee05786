"""Accuracy on corrupted images by severity, with examples; trained and held-out corruptions are kept apart."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.evaluation.robustness import sample_indices
from digits.report.figures import data
from digits.report.figures.images import downsample, draw_image
from digits.report.figures.style import (
    MUTED_COLOUR,
    add_legend,
    add_panels,
    add_sections,
    create_figure,
    format_count,
    format_percent,
)
from digits.report.figures.training import describe_band, draw_bands

HEADINGS = {"trained": "Trained corruptions", "held-out": "Held-out corruptions"}
N_COLUMNS = 4
ALL_SEVERITIES = (0, *SEVERITIES)


def draw(results: data.FamilyResults) -> Figure:
    rows = data.robustness_table(results)
    panel_names = {group: [data.MEAN_NAME.format(group), *corruptions] for group, corruptions in data.GROUPS.items()}
    heights = [-(-len(names) // N_COLUMNS) for names in panel_names.values()]
    caption = f"{format_count(len(sample_indices(len(results.labels))), 'test image')}; the examples show the first. "
    caption += describe_band(results.n_seeds)
    figure = create_figure(f"{results.family}: accuracy on corrupted test images", 1.3 + 1.85 * sum(heights), caption)
    for section, group in zip(add_sections(figure, [*HEADINGS.values()], heights), panel_names, strict=True):
        lowest = min(row["lowest"] for row in rows if row["group"] == group)
        for name, ax in add_panels(section, panel_names[group], N_COLUMNS).items():
            draw_panel(ax, [row for row in rows if row["corruption"] == name], name, results.images[:1])
            ax.set_ylim(lowest - 0.03, 1.01)
            ax.yaxis.set_major_formatter(format_percent)
    add_legend(figure)
    return figure


def draw_panel(ax: Axes, rows: list[data.Record], name: str, image_batch: np.ndarray) -> None:
    """Draw the panel of a corruption or of a group's mean. `image_batch` has one image, the example."""
    draw_bands(ax, rows, "severity")
    ax.set_title(name if name in CORRUPTIONS else "mean")
    ax.set_xlim(-0.5, len(ALL_SEVERITIES) - 0.5)
    ax.set_xticks(ALL_SEVERITIES, [row["strength"] for row in rows[: len(ALL_SEVERITIES)]])
    if name in CORRUPTIONS:
        ax.set_title(CORRUPTIONS[name].unit, loc="right", size=6, color=MUTED_COLOUR)
        examples = ax.inset_axes((0, -0.6, 1, 0.4), anchor="N")
        draw_image(examples, join_images([corrupt(image_batch, name, severity)[0] for severity in ALL_SEVERITIES]))


def join_images(images: list[np.ndarray]) -> np.ndarray:
    """Join the images side by side, padded with white to be at least square, so that each is below its severity."""
    small = np.stack([downsample(image) for image in images])
    margin = 1 + max(0, small.shape[1] - small.shape[2]) // 2
    padded = np.pad(small, ((0, 0), (0, 0), (margin, margin), (0, 0)), constant_values=255)
    return np.concatenate([*padded], axis=1)
