"""Draws what was measured: figures for people, and the small tables behind `dvc plots`."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat
from multiprocessing import get_context
from pathlib import Path

from digits import figures
from digits.common import files, paths
from digits.common.cli import run
from digits.evaluation import cost_accuracy
from digits.figures import data
from digits.params.load import parameter
from digits.params.schema import Families, Seeds

FIGURES = paths.REPORTS / "figures"
PLOTS = paths.REPORTS / "plots"


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    for folder in (FIGURES, PLOTS):
        files.remove(folder)
    with ProcessPoolExecutor(len(families), get_context("spawn")) as processes:  # matplotlib draws on one core
        drawn = [*chain.from_iterable(processes.map(draw, families, repeat(seeds)))]
    drawn.append(figures.write_compute(cost_accuracy.read(families, seeds), FIGURES))
    return f"{len(drawn)} figures in {FIGURES}, the data behind `dvc plots` in {PLOTS}"


def draw(family: str, seeds: Sequence[int]) -> list[Path]:
    results = data.read(family, seeds)
    data.write(results, PLOTS)
    return figures.write(results, FIGURES)


if __name__ == "__main__":
    run(main)
