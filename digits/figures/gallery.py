"""Images in rows, each with a few lines of text below, part by part."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from digits.figures.style import INK, QUIET, WIDTH

MARGIN, GAP, HEAD, HEADING = 0.12, 0.14, 0.55, 0.23
TEXT_SIZE = 6.5
LINE_HEIGHT, LINES = 0.125, 3
CHARACTER_WIDTH = 0.052
LARGEST_SIDE = 48

Line = tuple[str, str]


@dataclass(frozen=True)
class Part:
    heading: str
    images: np.ndarray
    lines: Callable[[int, int], list[Line]]  # of the image at a place, as long as there is room for; the first is bold


def gallery(title: str, about: str, across: int, parts: list[Part]) -> Figure:
    cell = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    shape = parts[0].images.shape
    tall = cell * min(1.5, shape[1] / shape[2])
    step = tall + LINES * LINE_HEIGHT + 0.22
    tops = [HEAD + (HEADING if part.heading else 0) for part in parts]
    heights = [(HEADING if part.heading else 0) + step * -(-len(part.images) // across) for part in parts]
    height = HEAD + sum(heights) + 0.05
    figure = Figure(figsize=(WIDTH, height))
    figure.text(MARGIN / WIDTH, 1 - 0.1 / height, title, va="top", size=10, weight="bold")
    figure.text(MARGIN / WIDTH, 1 - 0.32 / height, about, va="top", size=7, color=QUIET)
    for number, part in enumerate(parts):
        above = sum(heights[:number])
        if part.heading:
            y = height - HEAD - above
            figure.text(MARGIN / WIDTH, y / height, part.heading, va="top", size=8.5, color=INK)
        for place in range(len(part.images)):
            down, right = divmod(place, across)
            corner = MARGIN + right * (cell + GAP), height - tops[number] - above - down * step
            draw_image(figure, corner, (cell, tall), part, place)
    return figure


def draw_image(figure: Figure, corner: tuple[float, float], size: tuple[float, float], part: Part, place: int) -> None:
    (left, top), (cell, tall), (width, height) = corner, size, figure.get_size_inches()
    ax = figure.add_axes((left / width, (top - tall) / height, cell / width, tall / height))
    ax.set_axis_off()
    ax.imshow(drawable(part.images[place]), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    for number, (text, colour) in enumerate(part.lines(place, int((cell + 0.8 * GAP) / CHARACTER_WIDTH))):
        y = top - tall - 0.05 - number * LINE_HEIGHT
        weight = "normal" if number else "bold"
        middle = (left + cell / 2) / width
        figure.text(middle, y / height, text, ha="center", va="top", size=TEXT_SIZE, color=colour, weight=weight)


def drawable(image: np.ndarray) -> np.ndarray:
    # A photograph is thinned out: at this size nobody sees it, and the file stays small.
    every = -(-max(image.shape[:2]) // LARGEST_SIDE)
    thin = image[::every, ::every]
    return thin[..., 0] if thin.shape[-1] == 1 else thin
