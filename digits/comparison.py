"""The table that the pipeline is for: baseline against tuned, over the seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from digits.names import VARIANTS
from digits.predictions import Score

ENSEMBLE = " ensemble"


@dataclass(frozen=True)
class Result:
    """One trained model, as it did on the test images."""

    family: str
    variant: str
    seed: int
    test_accuracy: float
    test_loss: float
    validation_accuracy: float
    parameters: int
    multiply_adds: int
    epochs: int
    training_tflop: float


@dataclass(frozen=True)
class Spread:
    mean: float
    sd: float | None  # None where there is one seed only

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(round(fmean(values), 6), round(stdev(values), 6) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """A family's variant, over all seeds, or the ensemble of these; `gain` compares it with the baseline's like."""

    family: str
    variant: str
    test_accuracy: Spread
    test_loss: Spread
    validation_accuracy: Spread | None  # None for an ensemble: no validation image was shown to one
    gain: Spread | None
    parameters: int
    multiply_adds: int
    seeds: tuple[int, ...]
    epochs: int
    training_tflop: float  # of one model


Ensembles = Mapping[tuple[str, str], Score]  # by family and variant


def compare(results: Sequence[Result], ensembles: Ensembles) -> list[Row]:
    rows = []
    for family in dict.fromkeys(result.family for result in results):
        groups = [[r for r in results if (r.family, r.variant) == (family, variant)] for variant in VARIANTS]
        of_seeds = [row(group, groups[0]) for group in groups]
        rows += of_seeds
        rows += [together(each, ensembles) for each in of_seeds if (family, each.variant) in ensembles]
    return rows


def row(group: Sequence[Result], baseline: Sequence[Result]) -> Row:
    one = group[0]
    gains = [mine.test_accuracy - theirs.test_accuracy for mine, theirs in zip(group, baseline, strict=True)]
    return Row(
        family=one.family,
        variant=one.variant,
        test_accuracy=Spread.of([result.test_accuracy for result in group]),
        test_loss=Spread.of([result.test_loss for result in group]),
        validation_accuracy=Spread.of([result.validation_accuracy for result in group]),
        gain=None if one.variant == "baseline" else Spread.of(gains),
        parameters=one.parameters,
        multiply_adds=one.multiply_adds,
        seeds=tuple(result.seed for result in group),
        epochs=one.epochs,
        training_tflop=one.training_tflop,
    )


def together(each: Row, ensembles: Ensembles) -> Row:
    """The mean of what the seeds' models say: as dear to ask as all of them, and without more training."""
    score, baseline = ensembles[each.family, each.variant], ensembles[each.family, "baseline"]
    return replace(
        each,
        variant=f"{each.variant}{ENSEMBLE}",
        test_accuracy=Spread.of([score.accuracy]),
        test_loss=Spread.of([score.loss]),
        validation_accuracy=None,
        gain=each.gain and Spread.of([score.accuracy - baseline.accuracy]),
        parameters=each.parameters * len(each.seeds),
        multiply_adds=each.multiply_adds * len(each.seeds),
    )


def metrics(rows: Sequence[Row]) -> dict[str, Any]:
    """Nested as `dvc metrics diff` shows it best: family, variant, metric."""
    tree: dict[str, Any] = {}
    for each in rows:
        numbers = {
            "test_accuracy": each.test_accuracy,
            "test_loss": each.test_loss,
            "validation_accuracy": each.validation_accuracy,
            "gain": each.gain,
        }
        known = {name: spread for name, spread in numbers.items() if spread is not None}
        name = each.variant.replace(" ", "_")
        tree.setdefault(each.family, {})[name] = flat(known) | {
            "parameters": each.parameters,
            "multiply_adds": each.multiply_adds,
        }
    return tree


def flat(numbers: Mapping[str, Spread]) -> dict[str, float]:
    means = {key: spread.mean for key, spread in numbers.items()}
    sds = {f"{key}_sd": spread.sd for key, spread in numbers.items() if spread.sd is not None}
    return means | sds


def markdown(rows: Sequence[Row], test_images: int) -> str:
    table = (
        "| Family | Variant | Test accuracy | Gain over baseline | Test loss | Parameters | Multiply-adds per image |",
        "|---|---|---:|---:|---:|---:|---:|",
        *map(markdown_row, rows),
    )
    seeds = ", ".join(map(str, rows[0].seeds))
    note = (
        f"Mean ± standard deviation over seeds {seeds}; {test_images:,} test images; {rows[0].epochs} epochs each. "
        "One point is 1 % of accuracy; the gain is paired seed by seed."
    )
    if any(each.variant.endswith(ENSEMBLE) for each in rows):
        note += f" An ensemble averages what its {len(rows[0].seeds)} models say."
    return "\n".join((*table, "", note, ""))


def markdown_row(each: Row) -> str:
    cells = (
        each.family,
        each.variant,
        f"{percent(each.test_accuracy)} %",
        f"{percent(each.gain, sign='+')} points" if each.gain else "–",
        f"{each.test_loss.mean:.4f}" + (f" ± {each.test_loss.sd:.4f}" if each.test_loss.sd is not None else ""),
        f"{each.parameters:,}",
        f"{each.multiply_adds:,}",
    )
    return f"| {' | '.join(cells)} |"


def percent(spread: Spread, sign: str = "") -> str:
    sd = f" ± {100 * spread.sd:.2f}" if spread.sd is not None else ""
    return f"{round(100 * spread.mean, 2) + 0.0:{sign}.2f}{sd}"  # + 0.0: there is no "-0.00"
