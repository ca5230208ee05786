"""Draw what was measured: figures for people, and the small tables behind `dvc plots`."""

from digits.config.load import parameter
from digits.config.schema import Families, Seeds
from digits.core.cli import run
from digits.core.paths import REPORTS
from digits.evaluation.flops import cost_accuracy
from digits.report import figures
from digits.report.figures import data

FIGURES = REPORTS / "figures"
PLOTS = REPORTS / "plots"


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    drawn = []
    for family in families:
        results = data.read(family, seeds)
        data.write(results, PLOTS)
        drawn += figures.write(results, FIGURES)
    drawn.append(figures.write_cost_accuracy([*cost_accuracy(families, seeds)], FIGURES))
    return f"{len(drawn)} figures in {FIGURES}, the data behind `dvc plots` in {PLOTS}"


if __name__ == "__main__":
    run(main)
