"""What every stage does around its work: arguments in, one line out, one line for a mistake."""

import inspect
import sys
import time
from collections.abc import Callable

from digits.errors import UserError


def run(stage: Callable[..., str]) -> None:
    name = stage.__module__ if stage.__module__ != "__main__" else sys.argv[0].rsplit("/", 1)[-1].removesuffix(".py")
    started = time.perf_counter()
    try:
        made = stage(*arguments(stage))
    except UserError as mistake:
        sys.exit(f"{name}: error: {mistake}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")
    print(f"{name}: {made} ({time.perf_counter() - started:.1f} s)", flush=True)


def arguments(stage: Callable[..., str]) -> list[str]:
    given, wanted = sys.argv[1:], list(inspect.signature(stage).parameters)
    if len(given) != len(wanted):
        raise UserError(f"takes {' '.join(wanted).upper() or 'no arguments'}, not {' '.join(given) or 'nothing'}")
    return given
