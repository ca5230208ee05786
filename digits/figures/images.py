"""Test images with what they are and what the models say they are."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from digits import plotdata
from digits.figures.style import INK, QUIET, WIDTH, WRONG, counted, short
from digits.plotdata import Results

SHORT_NAME = 5
SAMPLE_ROWS, MISTAKE_ROWS = 4, 3
MARGIN, GAP, HEAD = 0.12, 0.14, 0.55
TEXT_SIZE = 6.5
LINE_HEIGHT = 0.125
CHARACTER_WIDTH, BOLD_IS_WIDER = 0.052, 3
LARGEST_SIDE = 48

Line = tuple[str, str]


def draw_samples(results: Results) -> Figure:
    across = columns_for(results, if_short=10, if_long=5)
    chosen = plotdata.class_by_class(results.labels, across * SAMPLE_ROWS)
    answers = {variant: of_seeds[0][chosen].argmax(axis=1) for variant, of_seeds in results.probabilities.items()}

    def lines(place: int, width: int) -> list[Line]:
        actual = results.labels[chosen[place]]
        said = [answer(results, variant, of[place], actual, "", width) for variant, of in answers.items()]
        return [(short(results.classes[actual], width - BOLD_IS_WIDER), INK), *said]

    about = "The class, then what the first seed's models say; wrong answers in orange."
    return gallery(f"{results.family}: test images", about, results.images[chosen], across, lines)


def draw_mistakes(results: Results) -> Figure:
    across = columns_for(results, if_short=6, if_long=4)
    means = {variant: np.mean(of_seeds, axis=0) for variant, of_seeds in results.probabilities.items()}
    chosen = plotdata.confident_mistakes(results.labels, means["tuned"], across * MISTAKE_ROWS)

    def lines(place: int, width: int) -> list[Line]:
        actual = results.labels[chosen[place]]
        said = [
            answer(results, variant, of.argmax(), actual, f" {of.max():.1%}", width)
            for variant, of in ((variant, means[variant][chosen[place]]) for variant in ("tuned", "baseline"))
        ]
        return [(short(f"actual {results.classes[actual]}", width - BOLD_IS_WIDER), INK), *said]

    total = int((means["tuned"].argmax(axis=1) != results.labels).sum())
    about = f"By mean probability over {counted(len(results.probabilities['tuned']), 'seed')}, "
    about += f"{total:,} of {counted(len(results.labels), 'test image')} mistaken."
    if total:
        about += " Here the surest; wrong answers in orange."
    title = f"{results.family}: the tuned model's most confident mistakes"
    return gallery(title, about, results.images[chosen], across, lines)


def columns_for(results: Results, if_short: int, if_long: int) -> int:
    longest = max(map(len, results.classes))
    return if_short if longest <= SHORT_NAME else if_long


def answer(results: Results, variant: str, predicted: int, actual: int, sure: str, width: int) -> Line:
    room = width - len(variant) - 1 - len(sure)
    colour = QUIET if predicted == actual else WRONG
    return f"{variant} {short(results.classes[predicted], room)}{sure}", colour


def gallery(title: str, about: str, images: np.ndarray, across: int, lines: Callable[[int, int], list[Line]]) -> Figure:
    cell = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    tall = cell * min(1.5, images.shape[1] / images.shape[2]) if len(images) else 0
    step = tall + 3 * LINE_HEIGHT + 0.22
    height = HEAD + step * -(-len(images) // across) + 0.05
    figure = Figure(figsize=(WIDTH, height))
    figure.text(MARGIN / WIDTH, 1 - 0.1 / height, title, va="top", size=10, weight="bold")
    figure.text(MARGIN / WIDTH, 1 - 0.32 / height, about, va="top", size=7, color=QUIET)
    for place, image in enumerate(images):
        down, right = divmod(place, across)
        left = MARGIN + right * (cell + GAP)
        top = height - HEAD - down * step
        ax = figure.add_axes((left / WIDTH, (top - tall) / height, cell / WIDTH, tall / height))
        ax.set_axis_off()
        ax.imshow(drawable(image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        for number, (text, colour) in enumerate(lines(place, int((cell + 0.8 * GAP) / CHARACTER_WIDTH))):
            y = top - tall - 0.05 - number * LINE_HEIGHT
            weight = "normal" if number else "bold"
            middle = (left + cell / 2) / WIDTH
            figure.text(middle, y / height, text, ha="center", va="top", size=TEXT_SIZE, color=colour, weight=weight)
    return figure


def drawable(image: np.ndarray) -> np.ndarray:
    # A photograph is thinned out: at this size nobody sees it, and the file stays small.
    every = -(-max(image.shape[:2]) // LARGEST_SIDE)
    thin = image[::every, ::every]
    return thin[..., 0] if thin.shape[-1] == 1 else thin
