"""Refuse wrong parameters before anything runs, and tell editors which are right."""

from digits.config.load import Section, check, read
from digits.config.schema import json_schema, params_model, refuse_other_counts
from digits.core.cli import run
from digits.core.files import write_json
from digits.evaluation.objective import OBJECTIVES
from digits.models import families
from digits.search.brackets import refuse_too_few

SCHEMA = "docs/params.schema.json"


def main() -> str:
    model = params()
    parameters = check(model, read())
    refuse_other_counts(parameters.tune.seeds, parameters.seeds)
    for family in parameters.families:
        plan = getattr(parameters.tune, family)
        refuse_too_few(parameters.tune.method, family, plan.trials, plan.rungs[-1])
    write_json(SCHEMA, json_schema(model))
    return f"params.yaml is valid; {SCHEMA} describes it"


def params() -> type[Section]:
    """The whole file, for the families and objectives that there are."""
    recipes = {name: families.hyperparameters(name) for name in families.NAMES}
    return params_model(recipes, tuple(OBJECTIVES))


if __name__ == "__main__":
    run(main)
