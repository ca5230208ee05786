"""How people write the ten digits: each a list of strokes, each stroke points in a unit square, x right and y down."""

from math import cos, pi, sin

Point = tuple[float, float]
STEPS = 8


def curve(*knots: Point) -> list[Point]:
    """A smooth line through the knots, with a corner where one is named twice: a Catmull-Rom spline."""
    points = []
    for before, start, end, after in zip((knots[0], *knots), knots, knots[1:], (*knots[2:], knots[-1]), strict=False):
        for step in range(STEPS):
            t = step / STEPS
            points.append(tuple(spline(t, *values) for values in zip(before, start, end, after, strict=True)))
    return [*points, knots[-1]]


def spline(t: float, before: float, start: float, end: float, after: float) -> float:
    slope, bend = end - before, 2 * before - 5 * start + 4 * end - after
    return start + (slope * t + bend * t**2 + (3 * (start - end) + after - before) * t**3) / 2


def ellipse(x: float, y: float, width: float, height: float, start: float = -0.2, turns: float = -1) -> list[Point]:
    """Round a centre; turns are counted clockwise, from the top."""
    angles = [2 * pi * (start + turns * step / 40) for step in range(41)]
    return [(x + width / 2 * sin(angle), y - height / 2 * cos(angle)) for angle in angles]


# fmt: off
STROKES: dict[str, list[list[Point]]] = {
    "0": [ellipse(0.50, 0.50, 0.44, 0.66, start=0.06, turns=-1.02)],
    "1": [curve((0.40, 0.30), (0.52, 0.18), (0.52, 0.18), (0.51, 0.50), (0.50, 0.82))],
    "2": [curve((0.29, 0.33), (0.36, 0.20), (0.52, 0.16), (0.67, 0.25), (0.66, 0.42), (0.50, 0.62), (0.28, 0.80),
                (0.28, 0.80), (0.50, 0.79), (0.73, 0.81))],
    "3": [curve((0.31, 0.23), (0.46, 0.16), (0.62, 0.22), (0.63, 0.36), (0.44, 0.47),
                (0.44, 0.47), (0.61, 0.51), (0.68, 0.64), (0.60, 0.78), (0.44, 0.83), (0.29, 0.76))],
    "4": [curve((0.42, 0.18), (0.37, 0.34), (0.29, 0.55), (0.29, 0.55), (0.50, 0.56), (0.74, 0.53)),
          curve((0.63, 0.20), (0.60, 0.50), (0.57, 0.84))],
    "5": [curve((0.38, 0.20), (0.37, 0.34), (0.35, 0.47),
                (0.35, 0.47), (0.50, 0.42), (0.65, 0.50), (0.67, 0.66), (0.56, 0.80), (0.40, 0.82), (0.29, 0.76)),
          curve((0.38, 0.20), (0.53, 0.20), (0.70, 0.18))],
    "6": [curve((0.60, 0.16), (0.46, 0.28), (0.36, 0.48), (0.33, 0.66), (0.40, 0.80), (0.53, 0.83), (0.64, 0.75),
                (0.65, 0.62), (0.55, 0.54), (0.42, 0.58), (0.34, 0.68))],
    "7": [curve((0.28, 0.22), (0.48, 0.22), (0.71, 0.20), (0.71, 0.20), (0.60, 0.42), (0.51, 0.62), (0.45, 0.84))],
    "8": [curve((0.66, 0.26), (0.54, 0.17), (0.40, 0.21), (0.37, 0.34), (0.48, 0.45), (0.62, 0.57), (0.66, 0.71),
                (0.55, 0.83), (0.41, 0.81), (0.36, 0.68), (0.46, 0.53), (0.60, 0.41), (0.66, 0.26))],
    "9": [curve((0.64, 0.30), (0.56, 0.19), (0.42, 0.20), (0.35, 0.33), (0.40, 0.45), (0.54, 0.46), (0.64, 0.32),
                (0.64, 0.32), (0.62, 0.56), (0.57, 0.84))],
}
# fmt: on
