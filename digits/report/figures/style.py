"""How all figures look: on white, quiet, told apart by colour-blind readers too, the same bytes every time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from digits.core import files

WIDTH = 7.0
TITLE_GAP = 0.08
INK, QUIET, RULE = "#222222", "#6b6b6b", "#e4e4e4"
BASELINE, TUNED, WRONG = "#8a8a8a", "#0072b2", "#c44e00"
VARIANT_COLOURS = {"baseline": BASELINE, "tuned": TUNED}

STYLE = {
    "font.size": 8,
    "text.color": INK,
    # A class may be called "$5 bill".
    "text.parse_math": False,
    "figure.dpi": 144,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.5,
    "lines.markersize": 3,
    "legend.frameon": False,
    "savefig.dpi": "figure",
    "savefig.facecolor": "white",
}


@contextmanager
def styled() -> Iterator[None]:
    # Starts from matplotlib's own defaults, lest a person's matplotlibrc change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        yield


def titled(title: str, height: float) -> Figure:
    figure = Figure(figsize=(WIDTH, height), layout="compressed")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, rect=(0, 0, 1, 1 - TITLE_GAP / height))
    figure.suptitle(title, x=0.012, ha="left")
    return figure


def in_inches(title: str, about: str, height: float, margin: float) -> tuple[Figure, Axes]:
    """With a place for text and images anywhere in it. An axes for each image takes a quarter more time."""
    figure = Figure(figsize=(WIDTH, height))
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
    ax.set_axis_off()
    ax.set_autoscale_on(False)
    ax.text(margin, height - 0.1, title, va="top", size=10, weight="bold")
    ax.text(margin, height - 0.32, about, va="top", size=7, color=QUIET)
    return figure, ax


def save(figure: Figure, path: Path) -> None:
    with files.replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def short(name: object, most: int) -> str:
    text = str(name)
    if len(text) <= most:
        return text
    return text[: max(1, most - 1)].rstrip() + "…"


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def percent(share: float, _: object = None) -> str:
    return f"{100 * share:g}%"


def plain(value: float, _: object = None) -> str:
    return f"{value:g}"


def log_axis(ax: Axes, which: str, written: Callable[..., str] = plain, **ticks: Any) -> None:
    ax.set(**{f"{which}scale": "log"})
    axis = getattr(ax, f"{which}axis")
    axis.set_major_locator(LogLocator(**ticks))
    axis.set_major_formatter(written)
    axis.set_minor_formatter(NullFormatter())


def draw_bands(ax: Axes, rows: list[dict[str, Any]], x: str, marker: str | None) -> None:
    """For each variant the mean, in a band from the lowest seed to the highest."""
    for variant, colour in VARIANT_COLOURS.items():
        of_variant = [row for row in rows if row["variant"] == variant]
        places, mean, lowest, highest = ([row[key] for row in of_variant] for key in (x, "mean", "lowest", "highest"))
        ax.fill_between(places, lowest, highest, color=colour, alpha=0.2, linewidth=0)
        if len(places) == 1:
            ax.vlines(places, lowest, highest, color=colour, alpha=0.4)
        ax.plot(places, mean, color=colour, marker=marker, label=variant)


def band_of(seeds: int) -> str:
    return f"mean of {seeds} seeds, band from the lowest to the highest"


def zoom(values: list[float], depth: float = 6) -> tuple[float, float]:
    """Limits for an accuracy's axis: near the top, where runs differ, even if a few lie far below."""
    top, middle, bottom = max(values), float(np.median(values)), min(values)
    if top > middle:
        bottom = max(bottom, top - depth * (top - middle))
    margin = max(0.06 * (top - bottom), 1e-3)
    return bottom - margin, top + margin
