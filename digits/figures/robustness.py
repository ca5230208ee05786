"""Accuracy on images made harder, kind by kind, above what the images then look like."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.evaluation import robustness
from digits.evaluation.corruptions import GRADES, KINDS, corrupt, strength
from digits.figures.data import Results, Row
from digits.figures.gallery import drawable
from digits.figures.style import QUIET, VARIANT_COLOURS, counted, percent, titled

ACROSS = 3
ALL_GRADES = (0, *GRADES)


def draw(results: Results) -> Figure:
    rows = robustness.rows(results.robustness.curves)
    figure = titled(f"{results.family}: accuracy on harder test images", height=5.6)
    down = -(-len(KINDS) // ACROSS)
    axes = figure.subplots(down, ACROSS, sharey=True, squeeze=False)
    for ax, kind in zip(axes.flat, KINDS, strict=False):
        draw_curves(ax, [row for row in rows if row["kind"] == kind])
        draw_images(ax, results.images[:1], kind)
        ax.set_title(f"{kind}, {KINDS[kind].unit}")
    axes[0, 0].set_ylim(min(row["lowest"] for row in rows) - 0.03, 1.01)
    said = f"{counted(results.robustness.images, 'test image')}, the first of them shown"
    seeds = max(map(len, results.robustness.curves.values()))
    if seeds > 1:
        said += f"; mean of {seeds} seeds, band from the lowest to the highest"
    figure.supxlabel(said, size=7, color=QUIET)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def draw_curves(ax: Axes, rows: list[Row]) -> None:
    for variant, colour in VARIANT_COLOURS.items():
        of_variant = [row for row in rows if row["variant"] == variant]
        grades, mean, lowest, highest = (
            [row[key] for row in of_variant] for key in ("grade", "mean", "lowest", "highest")
        )
        ax.fill_between(grades, lowest, highest, color=colour, alpha=0.2, linewidth=0)
        ax.plot(grades, mean, color=colour, marker="o", label=variant)
    ax.set_xlim(-0.5, len(ALL_GRADES) - 0.5)
    ax.set_xticks(ALL_GRADES, [strength(rows[0]["kind"], grade) for grade in ALL_GRADES])
    ax.yaxis.set_major_formatter(percent)


def draw_images(ax: Axes, image: np.ndarray, kind: str) -> None:
    """Below the grades, which they make plain."""
    for grade in ALL_GRADES:
        inset = ax.inset_axes((grade - 0.45, -0.4, 0.9, 0.25), transform=ax.get_xaxis_transform())
        inset.set_axis_off()
        inset.imshow(drawable(corrupt(image, kind, grade)[0]), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
