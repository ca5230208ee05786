"""Test images with what they are and what the models say they are."""

import numpy as np
from matplotlib.figure import Figure

from digits.figures import examples
from digits.figures.data import Results
from digits.figures.gallery import Line, Part, gallery
from digits.figures.style import INK, QUIET, WRONG, counted, short

SHORT_NAME = 5
SAMPLE_ROWS, MISTAKE_ROWS = 4, 2
BOLD_IS_WIDER = 3


def draw_samples(results: Results) -> Figure:
    across = columns_for(results, if_short=10, if_long=5)
    chosen = examples.class_by_class(results.labels, across * SAMPLE_ROWS)
    answers = {variant: of_seeds[0][chosen].argmax(axis=1) for variant, of_seeds in results.probabilities.items()}

    def lines(place: int, width: int) -> list[Line]:
        actual = results.labels[chosen[place]]
        said = [answer(results, variant, of[place], actual, "", width) for variant, of in answers.items()]
        return [(short(results.classes[actual], width - BOLD_IS_WIDER), INK), *said]

    about = "The class, then what the first seed's models say; wrong answers in orange."
    return gallery(f"{results.family}: test images", about, across, [Part("", results.images[chosen], lines)])


def draw_mistakes(results: Results) -> Figure:
    across = columns_for(results, if_short=7, if_long=4)
    means = {variant: np.mean(of_seeds, axis=0) for variant, of_seeds in results.probabilities.items()}
    parts = [
        mistakes(results, means, who, images, across * MISTAKE_ROWS)
        for who, images in examples.mistaken(results.labels, means).items()
    ]
    about = f"By mean probability over {counted(len(results.probabilities['tuned']), 'seed')}, on "
    about += f"{counted(len(results.labels), 'test image')}; the surest mistakes first, wrong answers in orange."
    return gallery(f"{results.family}: who is mistaken where", about, across, parts)


def mistakes(results: Results, means: dict[str, np.ndarray], who: str, images: np.ndarray, most: int) -> Part:
    chosen = images[:most]

    def lines(place: int, width: int) -> list[Line]:
        actual = results.labels[chosen[place]]
        said = [
            answer(results, variant, of[chosen[place]].argmax(), actual, f" {of[chosen[place]].max():.1%}", width)
            for variant, of in means.items()
        ]
        return [(short(f"actual {results.classes[actual]}", width - BOLD_IS_WIDER), INK), *said]

    of_all = f", {len(chosen)} of them here" if len(images) > len(chosen) else ""
    heading = f"{who}: {counted(len(images), 'image') if len(images) else 'none'}{of_all}"
    return Part(heading, results.images[chosen], lines)


def columns_for(results: Results, if_short: int, if_long: int) -> int:
    longest = max(map(len, results.classes))
    return if_short if longest <= SHORT_NAME else if_long


def answer(results: Results, variant: str, predicted: int, actual: int, sure: str, width: int) -> Line:
    room = width - len(variant) - 1 - len(sure)
    colour = QUIET if predicted == actual else WRONG
    return f"{variant} {short(results.classes[predicted], room)}{sure}", colour
