"""`python -m digits COMMAND`: what can be done with the models once they are made."""

import argparse
import sys

from digits.common.errors import UserError
from digits.inference import predict


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m digits", description=__doc__.partition(": ")[2])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    predict.add(commands)
    given = parser.parse_args()
    try:
        given.work(given)
    except (UserError, OSError) as mistake:
        sys.exit(f"{given.work.__name__}: error: {mistake}")
    except KeyboardInterrupt:
        sys.exit(f"{given.work.__name__}: interrupted")


if __name__ == "__main__":
    main()
