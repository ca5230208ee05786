"""Validate params.yaml before any other stage runs, and write its JSON Schema for editors."""

import re

from digits.config.load import Section, read_params, validate
from digits.config.schema import create_params_class, json_schema, require_matching_seeds
from digits.core.cli import run_stage
from digits.core.files import remove, write_json
from digits.core.paths import MODELS, VARIANTS, models_folder, search_file
from digits.evaluation.objective import OBJECTIVES
from digits.models import families
from digits.search.brackets import require_enough_hyperband_trials

SCHEMA = "docs/params.schema.json"
# The optional prefix is that of a temporary file, which a killed training leaves.
OUTPUT_NAME = re.compile(r"(\.\d+-)?\w+-(baseline|tuned|search\.json)")


def main() -> str:
    section_class = params_class()
    params = validate(section_class, read_params())
    require_matching_seeds(params.tune.seeds, params.seeds)
    for family in params.families:
        plan = getattr(params.tune, family)
        require_enough_hyperband_trials(params.tune.method, family, plan.trials, plan.rungs[-1])
    remove_other_families(params.families)
    write_json(SCHEMA, json_schema(section_class))
    return f"params.yaml is valid; {SCHEMA} describes it"


def remove_other_families(families: tuple[str, ...]) -> None:
    """Remove outputs of families that are no longer in params.yaml. DVC keeps them in models/ and in its cache."""
    outputs = {models_folder(family, variant) for family in families for variant in VARIANTS}
    outputs |= set(map(search_file, families))
    for path in MODELS.glob("*"):
        if OUTPUT_NAME.fullmatch(path.name) and path not in outputs:
            remove(path)


def params_class() -> type[Section]:
    """Return the section class of params.yaml for all families and objectives."""
    recipes = {name: families.hyperparameters(name) for name in families.NAMES}
    return create_params_class(recipes, tuple(OBJECTIVES))


if __name__ == "__main__":
    run_stage(main)
