"""From prepared images to the table of baseline and tuned models, against the plain script that users would write

Families, seeds, recipes, spaces, epochs and images are the same. Ours is `dvc repro compare` in a clone of its own,
after `dvc repro prepare`, with all that this does besides: checkpoints, MLflow, corrupted images, intervals, verdicts. The
plain script does one thing after the other in one process: it trains the baseline, searches, and trains what was found,
with each seed. It has Keras's own layers for augmentation and TensorFlow's own settings. It searches with Keras
Tuner's own tuner of the method in params.yaml (Hyperband where that is halving), by validation accuracy; the search
ends when it has trained as many epochs as ours, and its longest trial is as long as ours. It looks at validation images
in its search only, and at hard ones never. Seconds count from the start of Python, or of DVC. n is 1, because a pair
takes about an hour on 2 cores.
"""

import shutil
import tempfile
import time
from contextlib import chdir
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import pandas as pd

from benchmarks.clones import clone, repro, share
from benchmarks.plain import fed, training
from benchmarks.plain_search import search
from benchmarks.run import Row, fresh, interleaved, main
from benchmarks.trainings import images, training_config
from digits.config.load import parameter
from digits.config.recipe import Recipe
from digits.config.schema import Families, Method, Search, Seeds, Train
from digits.core.paths import REPORTS, VARIANTS
from digits.data.dataset import Split
from digits.evaluation.metrics import Predictions
from digits.evaluation.metrics import measure as scores
from digits.search.methods import total_epochs
from digits.search.search import SearchConfig
from digits.training.jobs import TrainingConfig

Table = tuple[float, pd.DataFrame]  # its seconds, and each model's family, variant and accuracy


def measure(pairs: int, count: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary, "prepared")
        clone(prepared, share(count))
        repro(prepared, "prepare")
        tables = [*interleaved(pairs, partial(ours, prepared), partial(plain, prepared))]
    ratios = [second / first for (first, _), (second, _) in tables]
    notes = (f"plain {described(*second)}; ours {described(*first)}" for first, second in tables)
    what = "seconds from prepared images to the table: plain script / ours"
    return [Row(what, ratios, aim=2.5, note="; ".join(notes))]


def ours(prepared: Path) -> Table:
    with tempfile.TemporaryDirectory() as temporary:
        folder = shutil.copytree(prepared, Path(temporary, "digits"), symlinks=True)
        started = time.perf_counter()
        repro(folder, "compare")
        return time.perf_counter() - started, pd.read_csv(folder / REPORTS / "models.csv")


def plain(prepared: Path) -> Table:
    started = time.perf_counter()
    models = fresh(script, prepared)
    return time.perf_counter() - started, models


def script(prepared: Path) -> pd.DataFrame:
    rows = []
    with chdir(prepared):
        train, validation, test = map(images, ("train", "validation", "test"))
        for family in parameter(Families, "families"):
            baseline = training_config(family, "baseline", parameter(Train, "train").epochs, seed=1)
            for variant in VARIANTS:
                recipes = [baseline.recipe] if variant == "baseline" else searched(baseline, train, validation)
                for seed, recipe in zip(parameter(Seeds, "seeds"), cycle(recipes), strict=False):
                    metrics = scores(trained(replace(baseline, recipe=recipe, seed=seed), train, test))
                    rows.append({"family": family, "variant": variant} | metrics)
    return pd.DataFrame(rows)


def searched(baseline: TrainingConfig, train: Split, validation: Split) -> list[Recipe]:
    plan, method = parameter(Search[type(baseline.recipe)], f"tune.{baseline.family}"), parameter(Method, "tune.method")
    recipes = []
    for seed in parameter(Seeds, "tune.seeds"):
        config = SearchConfig(plan, method, "accuracy", replace(baseline, epochs=plan.rungs[-1], seed=seed))
        recipe, _ = search(config, (train, validation), fed, total_epochs(plan, method))
        recipes.append(recipe)
    return recipes


def trained(config: TrainingConfig, data: Split, test: Split) -> Predictions:
    model, epoch = training(config, data)
    for number in range(config.epochs):
        epoch(number)
    return Predictions(model.predict(test.images, verbose=0), test.labels)


def described(seconds: float, models: pd.DataFrame) -> str:
    accuracies = models.groupby(["family", "variant"], sort=False)["test_accuracy"].agg(["mean", "std"])
    variants = (f"{' '.join(name)} {mean:.2%} ± {std:.2%}" for name, mean, std in accuracies.itertuples())
    return f"{seconds:.0f} s ({', '.join(variants)})"


if __name__ == "__main__":
    main(measure, pairs=1)
