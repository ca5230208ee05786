"""What every stage and command does around its work: arguments in, one line out, one line for a mistake."""

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.common.errors import UserError


def run(stage: Callable[..., str]) -> None:
    name = Path(sys.argv[0]).stem
    started = time.perf_counter()
    with one_line_errors(name):
        made = stage(*arguments(stage))
    print(f"{name}: {made} ({time.perf_counter() - started:.1f} s)", flush=True)


def arguments(stage: Callable[..., str]) -> list[str]:
    given, wanted = sys.argv[1:], list(inspect.signature(stage).parameters)
    if len(given) != len(wanted):
        raise UserError(f"takes {' '.join(wanted).upper() or 'no arguments'}, not {' '.join(given) or 'nothing'}")
    return given


@contextmanager
def one_line_errors(name: str) -> Iterator[None]:
    """A mistake ends the program of this name."""
    try:
        yield
    except (UserError, OSError) as mistake:  # an OSError, too, says what is wrong and where: a full disk, say
        sys.exit(f"{name}: error: {mistake}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")
