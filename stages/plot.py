"""Draws what was measured: figures for people, and the small tables behind `dvc plots`."""

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
    drawn = []
    for family in families:
        results = plotdata.read(family, seeds)
        plotdata.write(results, PLOTS)
        drawn += figures.write(results, FIGURES)
    drawn.append(figures.write_compute(compute.read(families, seeds), FIGURES))
    return f"{len(drawn)} figures in {FIGURES}, the data behind `dvc plots` in {PLOTS}"


if __name__ == "__main__":
    run(main)
