"""Draws what was measured: figures for people, and the small tables behind `dvc plots`."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, repeat
from multiprocessing import get_context
from pathlib import Path

from digits import compute, figures, plotdata
from digits.base import files, names
from digits.base.entry import run
from digits.params.base import parameter
from digits.params.subjects import Families, Seeds

FIGURES = names.REPORTS / "figures"
PLOTS = names.REPORTS / "plots"


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    for folder in (FIGURES, PLOTS):
        files.remove(folder)
    with ProcessPoolExecutor(len(families), get_context("spawn")) as processes:  # matplotlib draws on one core
        drawn = [*chain.from_iterable(processes.map(draw, families, repeat(seeds)))]
    drawn.append(figures.write_compute(compute.read(families, seeds), FIGURES))
    return f"{len(drawn)} figures in {FIGURES}, the data behind `dvc plots` in {PLOTS}"


def draw(family: str, seeds: Sequence[int]) -> list[Path]:
    results = plotdata.read(family, seeds)
    plotdata.write(results, PLOTS)
    return figures.write(results, FIGURES)


if __name__ == "__main__":
    run(main)
