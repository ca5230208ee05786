"""Refuse wrong parameters before anything runs, and tell editors which are right."""

from digits.base.entry import run
from digits.base.files import write_json
from digits.params.base import check, read
from digits.params.whole import Params, schema

SCHEMA = "docs/params.schema.json"


def main() -> str:
    check(Params, read())
    write_json(SCHEMA, schema())
    return f"params.yaml is valid; {SCHEMA} describes it"


if __name__ == "__main__":
    run(main)
