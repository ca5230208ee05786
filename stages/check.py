"""Refuse wrong parameters before anything runs, and tell editors which are right."""

from digits.common.cli import run
from digits.common.files import write_json
from digits.params.load import check, read
from digits.params.schema import params, schema

SCHEMA = "docs/params.schema.json"


def main() -> str:
    check(params(), read())
    write_json(SCHEMA, schema())
    return f"params.yaml is valid; {SCHEMA} describes it"


if __name__ == "__main__":
    run(main)
