"""Digits drawn in code, by no means of MNIST's, and what the models say of them

A hand's ten digits, each time a little different, in ten manners: thin, thick, off-centre, large, small, light on dark,
tilted, in faint grainy pencil, in colour. They pass through the same cropping, scaling and centring as the pictures
that people send to `predict` and to the demo. They say how this works on what is not MNIST; they are no test set of
handwriting, for they come from one hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks import entry
from benchmarks.report import Row
from benchmarks.strokes import STROKES
from digits.common.paths import VARIANTS
from digits.inference import predictor
from digits.inference.preprocessing import preprocess
from digits.params.load import parameter
from digits.params.schema import Families

SIDE, FINE = 400, 2  # pixels of a page; drawn so many times as large
MANNERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "thin": {"pen": 0.008},
    "thick": {"pen": 0.11},
    "off-centre": {"middle": (0.25, 0.28), "size": 0.4},
    "large": {"size": 1.25},
    "small": {"size": 0.18, "pen": 0.018, "middle": (0.7, 0.6)},
    "inverted": {"ink": (255, 255, 255), "paper": (0, 0, 0)},
    "tilted": {"turn": 14.0},
    "pencil": {"ink": (130, 130, 130), "paper": (225, 225, 225), "grain": 6.0},
    "colour": {"ink": (20, 60, 200), "paper": (250, 240, 180)},
}
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Drawn:
    digit: str
    manner: str
    picture: Image.Image


def drawn(count: int, seed: int) -> Iterator[Drawn]:
    random, manners = np.random.default_rng(seed), list(MANNERS)
    for number in range(count):
        digit, manner = str(number % 10), manners[(number + number // 10) % len(manners)]
        yield Drawn(digit, manner, draw(digit, random, **MANNERS[manner]))


def draw(
    digit: str,
    random: np.random.Generator,
    pen: float = 0.055,
    size: float = 0.8,
    middle: tuple[float, float] = (0.5, 0.5),
    turn: float = 0,
    ink: tuple[int, int, int] = BLACK,
    paper: tuple[int, int, int] = WHITE,
    grain: float = 0,
) -> Image.Image:
    """All lengths in sides of the page, but the grain in levels of 255."""
    side, radius = FINE * SIDE, pen * FINE * SIDE / 2
    page = Image.new("RGB", (side, side), paper)
    brush = ImageDraw.Draw(page)
    hand = shaken(random, size, turn)
    for stroke in STROKES[digit]:
        points = [tuple((hand(np.array(point)) + middle) * side) for point in stroke]
        brush.line(points, ink, max(1, round(2 * radius)), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), ink)
    page = page.resize((SIDE, SIDE), Image.Resampling.BOX)
    if not grain:
        return page
    noisy = np.asarray(page) + random.normal(0, grain, (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def shaken(random: np.random.Generator, size: float, turn: float) -> Any:
    """Nobody writes a digit twice the same: turned, slanted, broader or narrower, and with waves in its lines."""
    angle = np.radians(random.normal(0, 7) + turn * random.choice([-1, 1]))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = size * turned @ [[random.uniform(0.85, 1.15), random.normal(0, 0.15)], [0, 1]]
    heights, phases = random.normal(0, 0.02, (3, 2)), random.uniform(0, 2 * np.pi, (3, 2))
    paces = np.array([[3], [5], [8]])

    def hand(point: np.ndarray) -> np.ndarray:
        waves = heights * np.sin(paces * point[::-1] + phases)
        return change @ (point - 0.5 + waves.sum(axis=0))

    return hand


def right(pairs: int, images: int | None) -> list[Row]:
    rows = []
    for name in (f"{family}-{variant}" for family in parameter(Families, "families") for variant in VARIANTS):
        model = predictor.find(name)
        ask, count = model.load(), images or 200
        shares, missed = [], []
        for seed in range(1, pairs + 1):
            pages = list(drawn(count, seed))
            answers = ask(np.stack([preprocess(page.picture, model.metadata.preprocessing) for page in pages])).argmax(
                axis=1
            )
            wrong = [
                page
                for page, answer in zip(pages, answers, strict=True)
                if model.metadata.classes[answer] != page.digit
            ]
            shares.append(1 - len(wrong) / count)
            missed += [f"{page.manner} {page.digit}" for page in wrong]
        note = f"{len(missed)} of {pairs * count} wrong" + (f": {', '.join(missed[:8])}" if missed else "")
        rows.append(Row(f"drawn digits that {name} reads rightly", shares, unit="%", note=note))
    return rows


if __name__ == "__main__":
    entry.run(right, pairs=5)
