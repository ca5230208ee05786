"""Refuse wrong parameters before anything runs, and tell editors which are right."""

from digits.common.cli import run
from digits.common.files import write_json
from digits.params.load import check, read
from digits.params.schema import params, refuse_other_counts, schema
from digits.search.brackets import refuse_too_few

SCHEMA = "docs/params.schema.json"


def main() -> str:
    given = check(params(), read())
    refuse_other_counts(given.tune.seeds, given.seeds)
    for family in given.families:
        plan = getattr(given.tune, family)
        refuse_too_few(given.tune.method, family, plan.trials, plan.rungs[-1])
    write_json(SCHEMA, schema())
    return f"params.yaml is valid; {SCHEMA} describes it"


if __name__ == "__main__":
    run(main)
