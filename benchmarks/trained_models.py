"""What verdicts say of the trained models' own answers, where seeds and test images are drawn anew from them."""

from statistics import fmean

import numpy as np

from benchmarks.recipes import Values
from benchmarks.simulation import halves, verdicts_between
from digits.common.paths import PREDICTIONS
from digits.evaluation.metrics import METRICS, output


def on_real_images(seeds: int, draws: int) -> list[tuple[str, float, int]]:
    """A/A with what the trained models said: by variant, false verdicts of drawn seeds, and of the trained ones.

    New images are drawn from the test images, and a new seed does with each as one of the trained seeds did.
    """
    rng, rows, variants = np.random.default_rng(8), [], {}
    for file in sorted(PREDICTIONS.glob("*-*-*.npy")):
        variants.setdefault(file.stem.rpartition("-")[0], []).append(file.stem)
    for variant, names in variants.items():
        outputs = [output(name) for name in names]
        real = {metric.name: metric.of_models(outputs) for metric in METRICS}
        said = fmean(verdicts_between(resampled(real, rng, seeds)) > 0 for _ in range(draws))
        alone = [{axis: values[[seed]] for axis, values in real.items()} for seed in range(len(names))]
        rows.append((variant, said, verdicts_between(alone)))
    return rows


def resampled(real: Values, rng: np.random.Generator, seeds: int) -> list[Values]:
    """Two groups of seeds on the same images."""
    drawn: tuple[Values, Values] = {}, {}
    of_images: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for axis, values in real.items():
        trained, images = values.shape
        if images not in of_images:
            of_images[images] = rng.integers(trained, size=(2 * seeds, images)), rng.integers(images, size=images)
        both = values[of_images[images]]
        for group, half in zip(drawn, halves(seeds), strict=True):
            group[axis] = both[half]
    return list(drawn)
