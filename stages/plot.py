"""Draw the figures, and write the tables behind `dvc plots`."""

from digits.config.load import parameter
from digits.config.schema import Families, Seeds
from digits.core.cli import run_stage
from digits.core.paths import REPORTS
from digits.evaluation.flops import cost_accuracy
from digits.report import figures
from digits.report.figures import data

FIGURES = REPORTS / "figures"
PLOTS = REPORTS / "plots"


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    files = []
    for family in families:
        results = data.read_results(family, seeds)
        data.write_tables(results, PLOTS)
        files += figures.write(results, FIGURES)
    files.append(figures.write_cost_accuracy([*cost_accuracy(families, seeds)], FIGURES))
    return f"{len(files)} figures in {FIGURES}, the tables behind `dvc plots` in {PLOTS}"


if __name__ == "__main__":
    run_stage(main)
