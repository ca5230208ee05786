"""How to halve: what each way to spend a search's epochs would find

Recipes, drawn at random with so many search seeds, are all trained to the last rung. From these curves each design
chooses as it would in a search: a trial's curve depends on its recipe alone. So many recipes as fit into
the default search's epochs are drawn 5,000 times from all that were trained. A ratio above 1 is better than training
each recipe to the end. The wide space is what one would try who knows nothing yet. n is 1, for the recipes of all seeds
are drawn from together: of so many for the MLP, a third as many for the others. reports/rungs.json keeps the curves of
each seed as it ends.
"""

import os
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.run import Row, fresh, main
from benchmarks.search_runs import most, prepared, search_config
from digits.common.files import read_json, write_json
from digits.common.paths import PREPARED, REPORTS
from digits.data import dataset
from digits.evaluation.objective import of_epoch
from digits.params.load import setting
from digits.params.schema import Pool
from digits.search.halving import count_kept
from digits.search.search import SearchConfig, tune
from digits.training.fingerprint import fingerprint

RECORD = REPORTS / "rungs.json"
DRAWS = 5_000
Design = tuple[tuple[int, ...], float]  # rungs, and the share that goes on
WIDE = {
    "layers": (1, 2, 3),
    "units": (64, 128, 256, 512),
    "dropout": {"min": 0.0, "max": 0.6},
    "batch_size": (64, 128, 256, 512),
    "learning_rate": {"min": 0.0001, "max": 0.3, "log": True},
    "schedule": ("constant", "cosine", "one_cycle"),
    "weight_decay": {"min": 0.000001, "max": 0.1, "log": True},
    "label_smoothing": (0.0, 0.1),
    "standardize": (True, False),
    "shift": {"min": 0.0, "max": 0.2},
    "rotate": {"min": 0.0, "max": 30.0},
    "zoom": {"min": 0.0, "max": 0.3},
    "shear": {"min": 0.0, "max": 0.3},
}
SPACES: dict[str, tuple[str, dict[str, Any]]] = {"mlp": ("mlp", {}), "cnn": ("cnn", {}), "mlp, wide": ("mlp", WIDE)}


def measure(pairs: int, count: int | None) -> list[Row]:
    kept_here = RECORD.resolve()
    with TemporaryDirectory() as folder, prepared(Path(folder), count):
        record = Path(folder, RECORD.name) if count else kept_here
        return [row for name in SPACES for row in rows(record, name, pairs if name == "mlp" else ceil(pairs / 3))]


def config_of(name: str, seed: int) -> SearchConfig:
    family, wider = SPACES[name]
    config = search_config("halving", seed, family)
    known = config.plan.model_dump()
    return replace(config, plan=type(config.plan)(**known | {"space": known["space"] | wider}))


def curves_of(record: Path, name: str, seed: int) -> list[list[float]]:
    """Of each recipe but the baseline's, 1 - objective after each epoch."""
    config = config_of(name, seed)
    split = tuple(dataset.load(PREPARED / part) for part in ("train", "validation", "hard"))
    identity = fingerprint([config.plan, config.objective, config.baseline.family, seed], {}, *split)
    known = read_json(record) if record.exists() else {}
    if identity not in known:
        known[identity] = fresh(trained, name, seed)
        write_json(record, known)
    return known[identity]


def trained(name: str, seed: int) -> list[list[float]]:
    os.environ["DIGITS_TRACKING"] = "off"
    config = replace(config_of(name, seed), method="random")
    [found] = tune([config], setting(Pool, "pool"))["searches"]
    ended = [trial for trial in found["trials"][1:] if trial["status"] == "completed"]
    return [[round(1 - of_epoch(epoch, config.objective), 6) for epoch in trial["epochs"]] for trial in ended]


def rows(record: Path, name: str, seeds: int) -> list[Row]:
    curves = np.array([curve for seed in range(1, seeds + 1) for curve in curves_of(record, name, seed)])
    halving, last = config_of(name, 1).plan, curves.shape[1]
    orders = [spearmanr(curves[:, epoch], curves[:, -1]).statistic for epoch in range(last - 1)]
    tell = [
        Row(f"{name}: rank correlation of recipes after epoch {epoch} with that after epoch {last}", [order], unit="")
        for epoch, order in enumerate(orders, start=1)
    ]
    default = search_config("random", 1, SPACES[name][0])
    return tell + ratios(curves, name, default.length, (tuple(halving.rungs), halving.keep))


def ratios(curves: np.ndarray, name: str, budget: int, default: Design) -> list[Row]:
    last = curves.shape[1]
    to_the_end = found(curves, budget, ((last,), 1.0))
    rows = []
    for rungs, keep in designs(last, default):
        count, mine = most(budget, rungs, keep), found(curves, budget, (rungs, keep))
        note = f"{count} recipes, drawn from {len(curves)}: {mine:.4f} against {to_the_end:.4f} with {budget // last}"
        design = f"rungs {', '.join(map(str, rungs))}, keep {keep:g}"
        rows.append(Row(f"{name}: 1 - objective: all to the end / {design}", [to_the_end / mine], note=note))
    return rows


def designs(last: int, default: Design) -> list[Any]:
    others = [((first, last), keep) for first in range(1, last) for keep in (0.2, 0.3, 0.5)]
    return list(dict.fromkeys([default, *others, *([((1, 2, last), 0.5)] if last > 2 else [])]))


def found(curves: np.ndarray, budget: int, design: Design) -> float:
    """The winner's, in the mean of the draws."""
    rng, count = np.random.default_rng(1), most(budget, *design)
    return float(np.mean([winner(curves[drawn(rng, len(curves), count)], design) for _ in range(DRAWS)]))


def drawn(rng: np.random.Generator, of: int, count: int) -> np.ndarray:
    return rng.choice(of, min(count, of), replace=False)


def winner(curves: np.ndarray, design: Design) -> float:
    rungs, keep = design
    for rung in rungs[:-1]:
        best = np.argsort(curves[:, rung - 1], kind="stable")
        curves = curves[best[: count_kept(len(curves), keep)]]
    return curves[:, rungs[-1] - 1].min()


if __name__ == "__main__":
    main(measure, pairs=3)
