"""`python -m digits predict`: what can be done with the models once they are trained."""

import argparse
import sys
from pathlib import Path

from digits.common.errors import UserError
from digits.inference import predict, predictor


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m digits", description=__doc__.partition(": ")[2])
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("predict", help="classify pictures")
    command.add_argument("pictures", nargs="+", type=Path, metavar="PATH", help="a PNG or JPEG file, or a folder")
    command.add_argument("--model", default="tuned", help=f"{predictor.KINDS}; default: tuned, the best of these")
    command.add_argument("--json", action="store_true", help="all probabilities, for programs")
    given = parser.parse_args()
    try:
        predict.predict(given.pictures, given.model, given.json)
    except (UserError, OSError) as mistake:
        sys.exit(f"predict: error: {mistake}")
    except KeyboardInterrupt:
        sys.exit("predict: interrupted")


if __name__ == "__main__":
    main()
