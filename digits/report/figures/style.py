"""The look of all figures: white, restrained, safe for colour-blind readers, and the same bytes on every run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.ticker import Formatter, LogLocator, NullFormatter

from digits.core import files

WIDTH = 7.0  # inches
INK_COLOUR, MUTED_COLOUR = "#222222", "#6b6b6b"
BASELINE_COLOUR, TUNED_COLOUR, HIGHLIGHT_COLOUR = "#8a8a8a", "#0072b2", "#c44e00"
VARIANT_COLOURS = {"baseline": BASELINE_COLOUR, "tuned": TUNED_COLOUR}
MAX_FINE_TICKS_RATIO = 60

STYLE = {
    "font.size": 8,
    "text.color": INK_COLOUR,
    # A class may be called "$5 bill".
    "text.parse_math": False,
    "figure.dpi": 144,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "figure.labelsize": 7,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.07,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK_COLOUR,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#e4e4e4",
    "xtick.color": MUTED_COLOUR,
    "ytick.color": MUTED_COLOUR,
    "image.interpolation": "nearest",
    "lines.markersize": 3,
    "legend.frameon": False,
}


@contextmanager
def use_style() -> Iterator[None]:
    # Matplotlib's defaults come first, so that a user's matplotlibrc does not change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        yield


def create_figure(title: str, height: float, caption: str = "") -> Figure:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, x=0.012, ha="left")
    if caption:
        figure.supxlabel(caption, color=MUTED_COLOUR)
    return figure


def add_sections(figure: Figure, headings: Sequence[str], heights: Sequence[float]) -> list[SubFigure]:
    """Add a subfigure with each heading, one below the other."""
    sections = [*figure.subfigures(len(headings), height_ratios=heights, hspace=0.05, squeeze=False).flat]
    for section, heading in zip(sections, headings, strict=True):
        section.suptitle(heading, x=0.012, ha="left", size=9)
    return sections


def add_panels(figure: FigureBase, names: Sequence[Any], n_columns: int) -> dict[str, Axes]:
    """Add axes for each name, row by row, all with the same y axis."""
    grid = np.reshape([*names, *[""] * (-len(names) % n_columns)], (-1, n_columns)).tolist()
    axes = figure.subplot_mosaic(grid, sharey=True, empty_sentinel="") if grid else {}
    for ax in axes.values():
        ax.tick_params(labelleft=ax.get_subplotspec().is_first_col())
    return axes


def add_legend(figure: Figure, loc: str = "outside upper right") -> None:
    """Add a legend that shows each label once, even if several axes have it."""
    entries = {}
    for ax in figure.axes:
        handles, labels = ax.get_legend_handles_labels()
        entries |= zip(labels, handles, strict=True)
    figure.legend(entries.values(), entries, loc=loc, ncols=6, handletextpad=0.6)


def save(figure: Figure, path: Path) -> Path:
    with files.atomic_write(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})
    return path


def shorten(name: object, max_length: int) -> str:
    text = str(name)
    return text if len(text) <= max_length else text[: max(1, max_length - 1)].rstrip() + "…"


def format_count(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def format_percent(share: float, _: object = None) -> str:
    return f"{100 * share:g}%"


def set_log_scale(axis: Axis, formatter: str | Formatter = "{x:g}") -> None:
    """Choose the ticks by the data, which must have been drawn before."""
    low, high = axis.get_data_interval()
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < MAX_FINE_TICKS_RATIO * low else (1,)))
    axis.set_major_formatter(formatter)
    axis.set_minor_formatter(NullFormatter())


def upper_limits(values: list[float], max_range_ratio: float = 6) -> tuple[float, float]:
    """Return limits of the y axis that show the upper values, where models differ, even if a few values are far below.

    The range is at most `max_range_ratio` times as large as that from the median to the highest value, plus a margin.
    """
    top, middle, bottom = max(values), float(np.median(values)), min(values)
    if top > middle:
        bottom = max(bottom, top - max_range_ratio * (top - middle))
    margin = max(0.06 * (top - bottom), 1e-3)
    return bottom - margin, top + margin
