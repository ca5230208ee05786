"""Test images, each with its class and the predictions of the models below it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.core.paths import VARIANTS
from digits.report.figures.data import FamilyResults
from digits.report.figures.style import (
    HIGHLIGHT_COLOUR,
    INK_COLOUR,
    MUTED_COLOUR,
    WIDTH,
    add_panels,
    add_sections,
    create_figure,
    format_count,
    shorten,
)

MAX_ROW_CHARACTERS = 125  # of all captions side by side
MAX_CLASS_CHARACTERS = 15
BOLD_EXTRA_WIDTH = 3  # characters
TITLE_HEIGHT, HEADING_HEIGHT, CAPTION_HEIGHT, GAP = 0.6, 0.36, 0.57, 0.14  # inches
MAX_SIDE = 48  # pixels


@dataclass(frozen=True)
class Gallery:
    title: str
    caption: str
    probabilities: Mapping[str, np.ndarray]  # by variant: test images × classes
    max_columns: int
    max_rows: int  # of each section
    confidence_format: str = ""  # no confidences


def draw_samples(results: FamilyResults) -> Figure:
    caption = (
        "Below each image: its class, then the predictions of the first seed's models; wrong predictions in orange."
    )
    probabilities = {variant: models[0] for variant, models in results.probabilities.items()}
    gallery = Gallery("test images", caption, probabilities, max_columns=10, max_rows=4)
    return draw(results, gallery, {"All classes in turn": interleave_classes(results.labels)})


def draw_mistakes(results: FamilyResults) -> Figure:
    caption = "Below each image: its class, then the predictions with their mean probability over "
    caption += f"{format_count(results.n_seeds, 'seed')}.\n{format_count(len(results.labels), 'test image')}; "
    caption += "most confident errors first; wrong predictions in orange."
    means = {variant: np.mean(models, axis=0) for variant, models in results.probabilities.items()}
    gallery = Gallery(
        "misclassified test images", caption, means, max_columns=7, max_rows=2, confidence_format=" {:.1%}"
    )
    return draw(results, gallery, group_mistakes(results.labels, means))


def interleave_classes(labels: np.ndarray) -> np.ndarray:
    """Return the indices of the first image of every class, then of the second of every class, and so on."""
    position_in_class = pd.Series(labels).groupby(labels).cumcount()
    return np.lexsort((labels, position_in_class))


def group_mistakes(labels: np.ndarray, means: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the indices of the images that baseline, tuned or both misclassify, the most confident errors first."""
    baseline, tuned = (means[variant].argmax(axis=1) != labels for variant in VARIANTS)
    confidence = np.maximum(
        *(means[name].max(axis=1) * wrong for name, wrong in zip(VARIANTS, (baseline, tuned), strict=True))
    )
    groups = {
        "Baseline wrong, tuned right": baseline & ~tuned,
        "Tuned wrong, baseline right": tuned & ~baseline,
        "Both wrong": baseline & tuned,
    }
    order = np.argsort(-confidence, kind="stable")
    return {heading: order[group[order]] for heading, group in groups.items()}


def draw(results: FamilyResults, gallery: Gallery, groups: Mapping[str, np.ndarray]) -> Figure:
    """Draw a section for each group of indices, with as many images as fit."""
    longest = min(MAX_CLASS_CHARACTERS, max(map(len, results.classes)))
    prediction_width = len("baseline " + gallery.confidence_format.format(1)) + longest
    n_columns = min(gallery.max_columns, MAX_ROW_CHARACTERS // prediction_width)
    sections = {}
    for heading, indices in groups.items():
        shown = indices[: n_columns * gallery.max_rows]
        count = f"{len(shown)} of {format_count(len(indices), 'image')}" if len(indices) else "none"
        sections[f"{heading}: {count}"] = shown.tolist()
    height, width = results.images.shape[1:3]
    row_height = (WIDTH / n_columns - GAP) * min(1.5, height / width) + CAPTION_HEIGHT
    heights = [HEADING_HEIGHT + row_height * -(-len(indices) // n_columns) for indices in sections.values()]
    figure = create_figure(f"{results.family}: {gallery.title}", TITLE_HEIGHT + sum(heights), gallery.caption)
    for section, indices in zip(add_sections(figure, [*sections], heights), sections.values(), strict=True):
        for index, ax in zip(indices, add_panels(section, indices, n_columns).values(), strict=True):
            draw_image(ax, downsample(results.images[index]))
            ax.set_anchor("S")  # directly above its caption, for which the layout then reserves room
            write_caption(ax, results, gallery, index, MAX_ROW_CHARACTERS // n_columns)
    return figure


def write_caption(ax: Axes, results: FamilyResults, gallery: Gallery, index: int, max_length: int) -> None:
    label = results.labels[index]
    lines = [(shorten(results.classes[label], max_length - BOLD_EXTRA_WIDTH), INK_COLOUR, "bold")]
    for variant, probabilities in gallery.probabilities.items():
        predicted = probabilities[index].argmax()
        confidence = gallery.confidence_format.format(probabilities[index].max())
        name = shorten(results.classes[predicted], max_length - len(f"{variant} {confidence}"))
        colour = MUTED_COLOUR if predicted == label else HIGHLIGHT_COLOUR
        lines.append((f"{variant} {name}{confidence}", colour, "normal"))
    for number, (text, colour, weight) in enumerate(lines):
        position = {"xycoords": "axes fraction", "xytext": (0, -3 - 9 * number), "textcoords": "offset points"}
        ax.annotate(text, (0.5, 0), **position, ha="center", va="top", size=6.5, weight=weight, color=colour)


def draw_image(ax: Axes, image: np.ndarray) -> None:
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    ax.set_axis_off()


def downsample(image: np.ndarray) -> np.ndarray:
    # Invisible at the size of a panel, and keeps the files of photographs small.
    step = -(-max(image.shape[:2]) // MAX_SIDE)
    return image[::step, ::step]
