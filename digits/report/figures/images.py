"""Test images in rows, each above what it is and what the models predict."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.core.paths import VARIANTS
from digits.report.figures.data import Results
from digits.report.figures.style import INK, QUIET, WIDTH, WRONG, counted, headed, panels, short, titled

CHARACTERS_ACROSS, MAX_NAME = 125, 15
BOLD_IS_WIDER = 3  # characters
HEAD, HEADING, CAPTION, GAP = 0.6, 0.36, 0.57, 0.14  # inches
MAX_SIDE = 48


@dataclass(frozen=True)
class Gallery:
    title: str
    about: str
    probabilities: Mapping[str, np.ndarray]  # by variant: test images × classes
    max_across: int
    max_rows: int  # of each part
    confidence: str = ""  # a format


def draw_samples(results: Results) -> Figure:
    about = "The class, then what the first seed's models say; wrong answers in orange."
    parts = {"Class by class": class_by_class(results.labels)}
    first_seed = {variant: of_seeds[0] for variant, of_seeds in results.probabilities.items()}
    return draw(results, Gallery("test images", about, first_seed, max_across=10, max_rows=4), parts)


def draw_mistakes(results: Results) -> Figure:
    about = f"The class, then the mean probability over {counted(results.seeds, 'seed')}, on "
    about += f"{counted(len(results.labels), 'test image')}; the surest mistakes first, wrong answers in orange."
    means = {variant: np.mean(of_seeds, axis=0) for variant, of_seeds in results.probabilities.items()}
    gallery = Gallery("who is mistaken where", about, means, max_across=7, max_rows=2, confidence=" {:.1%}")
    return draw(results, gallery, mistaken(results.labels, means))


def class_by_class(labels: np.ndarray) -> np.ndarray:
    """Indices of the first image of every class, then of the second of every class, and so on."""
    nth_of_its_class = pd.Series(labels).groupby(labels).cumcount()
    return np.lexsort((labels, nth_of_its_class))


def mistaken(labels: np.ndarray, means: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
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


def draw(results: Results, gallery: Gallery, parts: Mapping[str, np.ndarray]) -> Figure:
    """Under each heading the images with these indices, as many as have room."""
    longest = min(MAX_NAME, max(map(len, results.classes)))
    across = min(gallery.max_across, CHARACTERS_ACROSS // (len("baseline " + gallery.confidence.format(1)) + longest))
    shown = {}
    for part, indices in parts.items():
        chosen = indices[: across * gallery.max_rows]
        of_all = f"{len(chosen)} of {counted(len(indices), 'image')}" if len(indices) else "none"
        shown[f"{part}: {of_all}"] = chosen.tolist()
    tall, wide = results.images.shape[1:3]
    row = (WIDTH / across - GAP) * min(1.5, tall / wide) + CAPTION
    heights = [HEADING + row * -(-len(indices) // across) for indices in shown.values()]
    figure = titled(f"{results.family}: {gallery.title}", HEAD + sum(heights), gallery.about)
    for part, indices in zip(headed(figure, [*shown], heights), shown.values(), strict=True):
        for index, ax in zip(indices, panels(part, indices, across).values(), strict=True):
            draw_image(ax, thinned(results.images[index]))
            ax.set_anchor("S")  # right above its caption, for which the layout then reserves room
            write_caption(ax, results, gallery, index, CHARACTERS_ACROSS // across)
    return figure


def write_caption(ax: Axes, results: Results, gallery: Gallery, index: int, width: int) -> None:
    actual = results.labels[index]
    lines = [(short(results.classes[actual], width - BOLD_IS_WIDER), INK, "bold")]
    for variant, probabilities in gallery.probabilities.items():
        predicted, confidence = probabilities[index].argmax(), gallery.confidence.format(probabilities[index].max())
        name = short(results.classes[predicted], width - len(f"{variant} {confidence}"))
        lines.append((f"{variant} {name}{confidence}", QUIET if predicted == actual else WRONG, "normal"))
    for number, (text, colour, weight) in enumerate(lines):
        place = {"xycoords": "axes fraction", "xytext": (0, -3 - 9 * number), "textcoords": "offset points"}
        ax.annotate(text, (0.5, 0), **place, ha="center", va="top", size=6.5, weight=weight, color=colour)


def draw_image(ax: Axes, image: np.ndarray) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    ax.set_axis_off()


def thinned(image: np.ndarray) -> np.ndarray:
    # A photograph is thinned out: at this size nobody sees it, and the file stays small.
    every = -(-max(image.shape[:2]) // MAX_SIDE)
    return image[::every, ::every]
