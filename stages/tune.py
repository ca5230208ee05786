"""Search for a family's hyperparameters on training and validation images, once with each of `tune.seeds`."""

from typing import Any

from digits.config.load import parameter, setting
from digits.config.schema import InstructionSet, Method, Objective, OneDnn, Pool, Runtime, Search, Seeds, Threads
from digits.core.cli import run_stage
from digits.core.files import read_json, write_json
from digits.core.paths import CLASSES, search_file
from digits.models.families import hyperparameters
from digits.search.brackets import require_enough_hyperband_trials
from digits.search.search import SearchConfig, tune
from digits.tracking.live import live
from digits.training.jobs import TrainingConfig, format_epoch


def main(family: str) -> str:
    recipe_type = hyperparameters(family)
    plan, recipe = parameter(Search[recipe_type], f"tune.{family}"), parameter(recipe_type, f"models.{family}")
    method, objective = parameter(Method, "tune.method"), parameter(Objective, "tune.objective")
    require_enough_hyperband_trials(method, family, plan.trials, plan.rungs[-1])
    runtime_settings = Runtime(
        threads=parameter(Threads, "pool.threads_per_worker"),
        onednn=parameter(OneDnn, "runtime.onednn"),
        instruction_set=parameter(InstructionSet, "runtime.instruction_set"),
    )
    seeds, n_classes = parameter(Seeds, "tune.seeds"), len(read_json(CLASSES))
    baselines = [TrainingConfig(family, recipe, plan.rungs[-1], seed, n_classes, runtime_settings) for seed in seeds]
    configs = [SearchConfig(plan, method, objective, baseline) for baseline in baselines]
    result = tune(configs, setting(Pool, "pool"), live)
    write_json(search_file(family), result)
    return f"{search_file(family)}: " + "; ".join(map(summarize, result["searches"]))


def summarize(search: dict[str, Any]) -> str:
    trials = search["trials"]
    best = trials[search["best_trial"]]
    return (
        f"seed {search['seed']}, {len(trials)} trials; the best is trial {best['trial']} with "
        f"{format_trial(best)}; the baseline's recipe had {format_trial(trials[0])}"
    )


def format_trial(trial: dict[str, Any]) -> str:
    if trial["status"] == "failed":
        return f"failed ({trial['reason']})"
    return f"objective {trial['objective']:.4f} ({format_epoch(trial['epochs'][-1])})"


if __name__ == "__main__":
    run_stage(main)
