"""How all figures look: on white, quiet, told apart by colour-blind readers too, the same bytes every time."""

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
INK, QUIET = "#222222", "#6b6b6b"
BASELINE, TUNED, WRONG = "#8a8a8a", "#0072b2", "#c44e00"
VARIANT_COLOURS = {"baseline": BASELINE, "tuned": TUNED}
MAX_RATIO_OF_FINE_TICKS = 60

STYLE = {
    "font.size": 8,
    "text.color": INK,
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
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#e4e4e4",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "image.interpolation": "nearest",
    "lines.markersize": 3,
    "legend.frameon": False,
}


@contextmanager
def styled() -> Iterator[None]:
    # Starts from matplotlib's own defaults, lest a person's matplotlibrc change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        yield


def titled(title: str, height: float, about: str = "") -> Figure:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, x=0.012, ha="left")
    if about:
        figure.supxlabel(about, color=QUIET)
    return figure


def headed(figure: Figure, headings: Sequence[str], heights: Sequence[float]) -> list[SubFigure]:
    """A part for each heading, one below the other."""
    parts = [*figure.subfigures(len(headings), height_ratios=heights, hspace=0.05, squeeze=False).flat]
    for part, heading in zip(parts, headings, strict=True):
        part.suptitle(heading, x=0.012, ha="left", size=9)
    return parts


def panels(figure: FigureBase, names: Sequence[Any], across: int) -> dict[str, Axes]:
    """An axes for each name, row by row, all with the same y axis."""
    grid = np.reshape([*names, *[""] * (-len(names) % across)], (-1, across)).tolist()
    axes = figure.subplot_mosaic(grid, sharey=True, empty_sentinel="") if grid else {}
    for ax in axes.values():
        ax.tick_params(labelleft=ax.get_subplotspec().is_first_col())
    return axes


def add_legend(figure: Figure, loc: str = "outside upper right") -> None:
    """Each label once, whichever axes has it."""
    entries = {}
    for ax in figure.axes:
        handles, labels = ax.get_legend_handles_labels()
        entries |= zip(labels, handles, strict=True)
    figure.legend(entries.values(), entries, loc=loc, ncols=6, handletextpad=0.6)


def save(figure: Figure, path: Path) -> Path:
    with files.atomic_write(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})
    return path


def short(name: object, most: int) -> str:
    text = str(name)
    return text if len(text) <= most else text[: max(1, most - 1)].rstrip() + "…"


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def percent(share: float, _: object = None) -> str:
    return f"{100 * share:g}%"


def log_axis(axis: Axis, formatter: str | Formatter = "{x:g}") -> None:
    """For data that are drawn already."""
    low, high = axis.get_data_interval()
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < MAX_RATIO_OF_FINE_TICKS * low else (1,)))
    axis.set_major_formatter(formatter)
    axis.set_minor_formatter(NullFormatter())


def zoom(values: list[float], depth: float = 6) -> tuple[float, float]:
    """Limits for an accuracy's axis: near the top, where runs differ, even if a few lie far below."""
    top, middle, bottom = max(values), float(np.median(values)), min(values)
    if top > middle:
        bottom = max(bottom, top - depth * (top - middle))
    margin = max(0.06 * (top - bottom), 1e-3)
    return bottom - margin, top + margin
