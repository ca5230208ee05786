"""From prepared images to the table of baseline and tuned models, against the plain script that users would write

Families, seeds, recipes, spaces, epochs and images are the same. Ours is `dvc repro compare` in its own clone, after
`dvc repro prepare`, and includes checkpoints, MLflow, corrupted images, intervals and verdicts. The plain script does
one thing after another in one process: it trains the baseline, searches, and trains the best recipe with each seed. It
uses Keras's own layers for augmentation, TensorFlow's default settings, and Keras Tuner's own tuner for the method in
params.yaml (Hyperband for halving), with validation accuracy as the objective; the search ends after as many epochs as
ours, and its longest trial is as long as ours. It evaluates validation images in the search only, and never evaluates
corrupted images. Seconds count from the start of Python, or of DVC. n is 1, because a pair takes about an hour on 2
cores.
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

from benchmarks.clones import clone, repro, share_parameter
from benchmarks.plain import build_training, fit_arguments
from benchmarks.plain_search import search
from benchmarks.run import Row, interleaved, main, run_in_process
from benchmarks.trainings import load_images, training_config
from digits.config.load import parameter
from digits.config.recipe import Recipe
from digits.config.schema import Families, Method, Search, Seeds, Train
from digits.core.paths import REPORTS, VARIANTS
from digits.data.dataset import Split
from digits.evaluation import metrics
from digits.evaluation.metrics import Predictions
from digits.search.methods import total_epochs
from digits.search.search import SearchConfig
from digits.training.jobs import TrainingConfig

TimedTable = tuple[float, pd.DataFrame]  # seconds, and a row per model with its family, variant and metrics


def measure(n_pairs: int, n_images: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary, "prepared")
        clone(prepared, share_parameter(n_images))
        repro(prepared, "prepare")
        tables = [*interleaved(n_pairs, partial(run_pipeline, prepared), partial(run_plain_script, prepared))]
    ratios = [plain_seconds / seconds for (seconds, _), (plain_seconds, _) in tables]
    notes = (f"plain {format_table(*plain)}; ours {format_table(*pipeline)}" for pipeline, plain in tables)
    label = "seconds from prepared images to the table: plain script / ours"
    return [Row(label, ratios, aim=2.5, note="; ".join(notes))]


def run_pipeline(prepared: Path) -> TimedTable:
    with tempfile.TemporaryDirectory() as temporary:
        folder = shutil.copytree(prepared, Path(temporary, "digits"), symlinks=True)
        started = time.perf_counter()
        repro(folder, "compare")
        return time.perf_counter() - started, pd.read_csv(folder / REPORTS / "models.csv")


def run_plain_script(prepared: Path) -> TimedTable:
    started = time.perf_counter()
    models = run_in_process(plain_script, prepared)
    return time.perf_counter() - started, models


def plain_script(prepared: Path) -> pd.DataFrame:
    rows = []
    with chdir(prepared):
        train, validation, test = map(load_images, ("train", "validation", "test"))
        for family in parameter(Families, "families"):
            baseline = training_config(family, "baseline", parameter(Train, "train").epochs, seed=1)
            for variant in VARIANTS:
                recipes = [baseline.recipe] if variant == "baseline" else search_recipes(baseline, train, validation)
                for seed, recipe in zip(parameter(Seeds, "seeds"), cycle(recipes), strict=False):
                    predictions = train_and_predict(replace(baseline, recipe=recipe, seed=seed), train, test)
                    rows.append({"family": family, "variant": variant} | metrics.compute_metrics(predictions))
    return pd.DataFrame(rows)


def search_recipes(baseline: TrainingConfig, train: Split, validation: Split) -> list[Recipe]:
    """Return the best recipe of each search."""
    plan, method = parameter(Search[type(baseline.recipe)], f"tune.{baseline.family}"), parameter(Method, "tune.method")
    recipes = []
    for seed in parameter(Seeds, "tune.seeds"):
        config = SearchConfig(plan, method, "accuracy", replace(baseline, epochs=plan.rungs[-1], seed=seed))
        recipe, _ = search(config, (train, validation), fit_arguments, total_epochs(plan, method))
        recipes.append(recipe)
    return recipes


def train_and_predict(config: TrainingConfig, data: Split, test: Split) -> Predictions:
    model, train_epoch = build_training(config, data)
    for number in range(config.epochs):
        train_epoch(number)
    return Predictions(model.predict(test.images, verbose=0), test.labels)


def format_table(seconds: float, models: pd.DataFrame) -> str:
    accuracies = models.groupby(["family", "variant"], sort=False)["test_accuracy"].agg(["mean", "std"])
    variants = (f"{' '.join(name)} {mean:.2%} ± {sd:.2%}" for name, mean, sd in accuracies.itertuples())
    return f"{seconds:.0f} s ({', '.join(variants)})"


if __name__ == "__main__":
    main(measure, n_repeats=1)
