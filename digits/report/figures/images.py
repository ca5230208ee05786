"""Test images in rows, each above what it is and what the models predict."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.core.paths import VARIANTS
from digits.report.figures.data import Results
from digits.report.figures.style import INK, QUIET, WIDTH, WRONG, counted, in_inches, short

MARGIN, GAP, HEAD, HEADING = 0.12, 0.14, 0.55, 0.23
TEXT_SIZE = 6.5
LINE_HEIGHT, LINES = 0.125, 3
CHARACTER_WIDTH = 0.052
BOLD_IS_WIDER = 3  # characters
LARGEST_SIDE = 48
SHORT_NAME = 5
SAMPLE_ROWS, MISTAKE_ROWS = 4, 2

Line = tuple[str, str]  # text and colour


@dataclass(frozen=True)
class Part:
    heading: str
    images: np.ndarray
    lines: Callable[[int, int], list[Line]]  # below the image at a place, of so many characters; the first is bold


def draw_samples(results: Results) -> Figure:
    across = columns(results, if_short=10, if_long=5)
    chosen = class_by_class(results.labels, across * SAMPLE_ROWS)
    first_seed = {variant: of_seeds[0][chosen] for variant, of_seeds in results.probabilities.items()}
    lines = caption(results, chosen, first_seed, "", with_confidence=False)
    about = "The class, then what the first seed's models say; wrong answers in orange."
    return gallery(f"{results.family}: test images", about, across, [Part("", results.images[chosen], lines)])


def draw_mistakes(results: Results) -> Figure:
    across = columns(results, if_short=7, if_long=4)
    means = {variant: np.mean(of_seeds, axis=0) for variant, of_seeds in results.probabilities.items()}
    parts = []
    for who, wrong in mistaken(results.labels, means).items():
        chosen = wrong[: across * MISTAKE_ROWS]
        of_all = f", {len(chosen)} of them here" if len(wrong) > len(chosen) else ""
        heading = f"{who}: {counted(len(wrong), 'image') if len(wrong) else 'none'}{of_all}"
        probabilities = {variant: mean[chosen] for variant, mean in means.items()}
        lines = caption(results, chosen, probabilities, "actual ", with_confidence=True)
        parts.append(Part(heading, results.images[chosen], lines))
    about = f"By mean probability over {counted(results.seeds, 'seed')}, on "
    about += f"{counted(len(results.labels), 'test image')}; the surest mistakes first, wrong answers in orange."
    return gallery(f"{results.family}: who is mistaken where", about, across, parts)


def columns(results: Results, if_short: int, if_long: int) -> int:
    return if_short if max(map(len, results.classes)) <= SHORT_NAME else if_long


def class_by_class(labels: np.ndarray, most: int) -> np.ndarray:
    """Indices of the first image of every class, then of the second of every class, and so on."""
    by_class = np.argsort(labels, kind="stable")
    ordered = np.asarray(labels)[by_class]
    nth_of_its_class = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return by_class[np.lexsort((ordered, nth_of_its_class))][:most]


def mistaken(labels: np.ndarray, means: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Indices of the images that baseline, tuned or both get wrong, the surest wrong prediction first."""
    baseline, tuned = (means[variant].argmax(axis=1) != labels for variant in VARIANTS)
    sure = np.maximum(*(means[v].max(axis=1) * wrong for v, wrong in zip(VARIANTS, (baseline, tuned), strict=True)))
    groups = {
        "Baseline wrong, tuned right": baseline & ~tuned,
        "Tuned wrong, baseline right": tuned & ~baseline,
        "Both wrong": baseline & tuned,
    }
    order = np.argsort(-sure, kind="stable")
    return {who: order[group[order]] for who, group in groups.items()}


def caption(
    results: Results, chosen: np.ndarray, probabilities: dict[str, np.ndarray], prefix: str, with_confidence: bool
) -> Callable[[int, int], list[Line]]:
    """Of each chosen image, whose probabilities are given by variant."""

    def lines(place: int, width: int) -> list[Line]:
        actual = results.labels[chosen[place]]
        texts = [(short(f"{prefix}{results.classes[actual]}", width - BOLD_IS_WIDER), INK)]
        for variant, of_variant in probabilities.items():
            predicted = of_variant[place].argmax()
            confidence = f" {of_variant[place].max():.1%}" if with_confidence else ""
            name = short(results.classes[predicted], width - len(variant) - 1 - len(confidence))
            texts.append((f"{variant} {name}{confidence}", QUIET if predicted == actual else WRONG))
        return texts

    return lines


def gallery(title: str, about: str, across: int, parts: list[Part]) -> Figure:
    cell = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    shape = parts[0].images.shape
    tall = cell * min(1.5, shape[1] / shape[2])
    step = tall + LINES * LINE_HEIGHT + 0.22
    tops = [HEAD + (HEADING if part.heading else 0) for part in parts]
    heights = [(HEADING if part.heading else 0) + step * -(-len(part.images) // across) for part in parts]
    height = HEAD + sum(heights) + 0.05
    figure, canvas = in_inches(title, about, height, MARGIN)
    for number, part in enumerate(parts):
        above = sum(heights[:number])
        if part.heading:
            canvas.text(MARGIN, height - HEAD - above, part.heading, va="top", size=8.5, color=INK)
        for place, image in enumerate(part.images):
            down, right = divmod(place, across)
            left, top = MARGIN + right * (cell + GAP), height - tops[number] - above - down * step
            draw_image(canvas, image, (left, top), (cell, tall))
            lines = part.lines(place, int((cell + 0.8 * GAP) / CHARACTER_WIDTH))
            write_lines(canvas, lines, left + cell / 2, top - tall - 0.05)
    return figure


def write_lines(canvas: Axes, lines: list[Line], middle: float, top: float) -> None:
    for number, (text, colour) in enumerate(lines):
        look = {"ha": "center", "va": "top", "size": TEXT_SIZE, "weight": "normal" if number else "bold"}
        canvas.text(middle, top - number * LINE_HEIGHT, text, color=colour, **look)


def draw_image(canvas: Axes, image: np.ndarray, corner: tuple[float, float], size: tuple[float, float]) -> None:
    """In the middle of a box of this size, whose upper left corner is given, and as large as fits."""
    (left, top), (width, height), (tall, wide) = corner, size, image.shape[:2]
    scale = min(width / wide, height / tall)
    x, y = left + (width - scale * wide) / 2, top - (height - scale * tall) / 2
    place = (x, x + scale * wide, y - scale * tall, y)
    gray = {"cmap": "gray", "vmin": 0, "vmax": 255}
    canvas.imshow(drawable(image), extent=place, aspect="auto", interpolation="nearest", **gray)


def drawable(image: np.ndarray) -> np.ndarray:
    # A photograph is thinned out: at this size nobody sees it, and the file stays small.
    every = -(-max(image.shape[:2]) // LARGEST_SIDE)
    thin = image[::every, ::every]
    return thin[..., 0] if thin.shape[-1] == 1 else thin
