"""A temperature for each model's probabilities, fitted on validation images: loss with it over loss without

Fitted on one half of the validation images and measured on the other, both ways, for each seed's model; so no test
image has a say, and no image judges what was fitted on it. Below 1, a temperature would pay.
"""

from statistics import fmean

import numpy as np
from scipy.optimize import minimize_scalar

from benchmarks.run import Row, main
from benchmarks.trainings import FAMILIES, images
from digits.common.paths import VARIANTS, model_file, model_name
from digits.data.dataset import Split
from digits.evaluation import metrics
from digits.evaluation.metrics import Output
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Runtime, Seeds


def measure(seeds: int, count: int | None) -> list[Row]:
    runtime.start(parameter(Runtime, "runtime"))
    validation = images("validation", count)
    return [row(family, variant, seeds, validation) for family in FAMILIES for variant in VARIANTS]


def row(family: str, variant: str, seeds: int, validation: Split) -> Row:
    from digits.evaluation.predictor import load_predictor

    before, after, fitted = [], [], []
    for seed in parameter(Seeds, "seeds")[:seeds]:
        predict = load_predictor(model_file(model_name(family, variant, seed)))
        said = Output(predict(validation.images), validation.labels)
        for half in (0, 1):
            other = part(said, 1 - half)
            fitted.append(fit(part(said, half)))
            before.append(metrics.measure(other))
            after.append(metrics.measure(scaled(other, fitted[-1])))
    loss, error = (
        [fmean(each[name] for each in side) for side in (after, before)] for name in ("test_loss", "calibration_error")
    )
    note = (
        f"temperatures {min(fitted):.2f} to {max(fitted):.2f}; loss {loss[0]:.4f} with, {loss[1]:.4f} without; "
        f"calibration error {error[0]:.2%} with, {error[1]:.2%} without"
    )
    ratios = [mine["test_loss"] / other["test_loss"] for mine, other in zip(after, before, strict=True)]
    return Row(f"{family} {variant}: loss with a fitted temperature / without", ratios, note=note)


def part(output: Output, half: int) -> Output:
    return Output(output.probabilities[half::2], output.truth[half::2])


def fit(output: Output) -> float:
    found = minimize_scalar(
        lambda log: metrics.measure(scaled(output, np.exp(log)))["test_loss"], bounds=(-1, 1), method="bounded"
    )
    return float(np.exp(found.x))


def scaled(output: Output, temperature: float) -> Output:
    logits = np.log(np.clip(output.probabilities, 1e-30, 1)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Output(powers / powers.sum(axis=1, keepdims=True), output.truth)


if __name__ == "__main__":
    main(measure, pairs=3)
