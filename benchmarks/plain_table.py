"""From prepared images to the table of baseline and tuned models, against the plain script that users would write

Families, seeds, recipes, spaces, epochs and images are the same. Ours is `dvc repro compare` in a clone of its own,
after `dvc repro prepare`, with all that this does besides: checkpoints, MLflow, hard images, intervals, verdicts. The
plain script does one thing after the other in one process: it trains the baseline, searches, and trains what was found,
with each seed. It has Keras's own layers for augmentation and TensorFlow's own settings. It searches with Keras
Tuner's own tuner of the method in params.yaml (Hyperband where that is halving), by validation accuracy; the search
ends when it has trained as many epochs as ours, and its longest trial is as long as ours. It looks at validation images
in its search only, and at hard ones never. Seconds count from the start of Python, or of DVC. n is 1, because a pair
takes about an hour on 2 cores.
"""

import shutil
import subprocess
import tempfile
import time
from contextlib import chdir
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pandas as pd

from benchmarks.overhead import ENVIRONMENT, clone, share
from benchmarks.plain import fed, training
from benchmarks.plain_search import search
from benchmarks.run import Row, fresh, interleaved, main
from benchmarks.trainings import images, training_config
from digits.config.load import parameter
from digits.config.recipe import Recipe
from digits.config.schema import Families, Method, Search, Seeds, Train
from digits.core.paths import REPORTS
from digits.data.dataset import Split
from digits.evaluation.metrics import Output
from digits.evaluation.metrics import measure as scores
from digits.search.methods import length
from digits.search.search import SearchConfig
from digits.training.jobs import TrainingConfig

Side = tuple[float, pd.DataFrame]  # its seconds, and each model's family, variant, accuracy and loss


def measure(pairs: int, count: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary, "prepared")
        clone(prepared, share(count))
        repro(prepared, "prepare")
        sides = lambda number: ours(prepared, Path(temporary, str(number))), lambda _: plain(prepared)
        found = list(interleaved(pairs, *sides))
    ratios = [theirs / mine for (mine, _), (theirs, _) in found]
    notes = (f"plain {said(theirs)}; ours {said(mine)}" for mine, theirs in found)
    what = "seconds from prepared images to the table: plain script / ours"
    return [Row(what, ratios, aim=2.5, note="; ".join(notes))]


def ours(prepared: Path, folder: Path) -> Side:
    shutil.copytree(prepared, folder, symlinks=True)
    started = time.perf_counter()
    repro(folder, "compare")
    return time.perf_counter() - started, pd.read_csv(folder / REPORTS / "models.csv")


def repro(folder: Path, stage: str) -> None:
    subprocess.run(["dvc", "repro", stage], check=True, cwd=folder, env=ENVIRONMENT)


def plain(prepared: Path) -> Side:
    started = time.perf_counter()
    models = fresh(script, prepared)
    return time.perf_counter() - started, models


def script(prepared: Path) -> pd.DataFrame:
    with chdir(prepared):
        train, validation, test = map(images, ("train", "validation", "test"))
        models = []
        for family in parameter(Families, "families"):
            baseline = training_config(family, "baseline", parameter(Train, "train").epochs, seed=1)
            for variant in ("baseline", "tuned"):
                tuned = found_by_searches(baseline, train, validation) if variant == "tuned" else []
                for seed, recipe in zip(parameter(Seeds, "seeds"), cycle(tuned or [baseline.recipe]), strict=False):
                    found = scores(trained(replace(baseline, recipe=recipe, seed=seed), train, test))
                    models.append({"family": family, "variant": variant} | found)
    print(table(pd.DataFrame(models)), flush=True)
    return pd.DataFrame(models)


def found_by_searches(baseline: TrainingConfig, train: Split, validation: Split) -> list[Recipe]:
    plan, method = parameter(Search[type(baseline.recipe)], f"tune.{baseline.family}"), parameter(Method, "tune.method")
    found = []
    for seed in parameter(Seeds, "tune.seeds"):
        config = SearchConfig(plan, method, "accuracy", replace(baseline, epochs=plan.rungs[-1], seed=seed))
        theirs = replace(config, method="hyperband" if method == "halving" else method)
        best, _ = search(theirs, (train, validation), fed, length(config.plan, config.method))
        found.append(best)
    return found


def trained(config: TrainingConfig, data: Split, test: Split) -> Output:
    model, epoch = training(config, data)
    for number in range(config.epochs):
        epoch(number)
    return Output(model.predict(test.images, verbose=0), test.labels)


def table(models: pd.DataFrame) -> pd.DataFrame:
    kinds = models.groupby(["family", "variant"], sort=False)
    return kinds[["test_accuracy", "test_loss"]].agg(["mean", "std"])


def said(side: Side) -> str:
    seconds, models = side
    accuracies = table(models)["test_accuracy"].itertuples()
    kinds = (f"{family} {variant} {mean:.2%} ± {std:.2%}" for (family, variant), mean, std in accuracies)
    return f"{seconds:.0f} s ({', '.join(kinds)})"


if __name__ == "__main__":
    main(measure, pairs=1)
