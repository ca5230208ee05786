"""Accuracy on corrupted images, by severity, above what the images then look like."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt, strength
from digits.figures import data
from digits.figures.images import drawable
from digits.figures.style import QUIET, band_of, counted, draw_bands, percent, titled

ACROSS = 3
ALL_SEVERITIES = (0, *SEVERITIES)


def draw(results: data.Results) -> Figure:
    rows = data.corrupted(results)
    down = -(-len(CORRUPTIONS) // ACROSS)
    figure = titled(f"{results.family}: accuracy on corrupted test images", height=2.8 * down)
    axes = figure.subplots(down, ACROSS, sharey=True, squeeze=False)
    for ax, (name, corruption) in zip(axes.flat, CORRUPTIONS.items(), strict=False):
        draw_bands(ax, [row for row in rows if row["corruption"] == name], "severity", marker="o")
        ax.set_xlim(-0.5, len(ALL_SEVERITIES) - 0.5)
        ax.set_xticks(ALL_SEVERITIES, [strength(name, severity) for severity in ALL_SEVERITIES])
        ax.yaxis.set_major_formatter(percent)
        draw_images(ax, results.images[:1], name)
        ax.set_title(f"{name}, {corruption.unit}")
    for ax in axes.flat[len(CORRUPTIONS) :]:
        ax.remove()
    axes[0, 0].set_ylim(min(row["lowest"] for row in rows) - 0.03, 1.01)
    about = f"{counted(results.robustness_images, 'test image')}, the first of them shown"
    if results.seeds > 1:
        about += f"; {band_of(results.seeds)}"
    figure.supxlabel(about, size=7, color=QUIET)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def draw_images(ax: Axes, image: np.ndarray, name: str) -> None:
    """Below the severities, as an example of each."""
    for severity in ALL_SEVERITIES:
        inset = ax.inset_axes((severity - 0.45, -0.4, 0.9, 0.25), transform=ax.get_xaxis_transform())
        inset.set_axis_off()
        corrupted = drawable(corrupt(image, name, severity)[0])
        inset.imshow(corrupted, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
