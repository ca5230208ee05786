"""Refuse wrong parameters before anything runs, and tell editors which are right."""

import re

from digits.config.load import Section, check, read
from digits.config.schema import json_schema, params_model, refuse_other_counts
from digits.core.cli import run
from digits.core.files import remove, write_json
from digits.core.paths import MODELS, VARIANTS, models_folder, search_file
from digits.evaluation.objective import OBJECTIVES
from digits.models import families
from digits.search.brackets import refuse_too_few

SCHEMA = "docs/params.schema.json"
# Also under the temporary name that a killed training leaves.
PRODUCED = re.compile(r"(\.\d+-)?\w+-(baseline|tuned|search\.json)")


def main() -> str:
    model = params()
    parameters = check(model, read())
    refuse_other_counts(parameters.tune.seeds, parameters.seeds)
    for family in parameters.families:
        plan = getattr(parameters.tune, family)
        refuse_too_few(parameters.tune.method, family, plan.trials, plan.rungs[-1])
    remove_other_families(parameters.families)
    write_json(SCHEMA, json_schema(model))
    return f"params.yaml is valid; {SCHEMA} describes it"


def remove_other_families(families: tuple[str, ...]) -> None:
    """DVC leaves in models/ what families that params.yaml no longer names have produced; its cache keeps it anyway."""
    named = {models_folder(family, variant) for family in families for variant in VARIANTS}
    named |= set(map(search_file, families))
    for path in MODELS.glob("*"):
        if PRODUCED.fullmatch(path.name) and path not in named:
            remove(path)


def params() -> type[Section]:
    """The whole file, for the families and objectives that there are."""
    recipes = {name: families.hyperparameters(name) for name in families.NAMES}
    return params_model(recipes, tuple(OBJECTIVES))


if __name__ == "__main__":
    run(main)
