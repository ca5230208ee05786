"""What every stage and command does around its work: arguments in, one line out, one line for a mistake."""

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path

from digits.core.errors import UserError


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
    except BrokenPipeError:  # `| head` has read enough; Python would complain once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (UserError, OSError) as mistake:  # an OSError, too, says what is wrong
        sys.exit(f"{name}: error: {str(mistake) or type(mistake).__name__}{advice(mistake)}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")


def advice(mistake: Exception) -> str:
    if isinstance(mistake, OSError) and mistake.errno in (ENOSPC, EDQUOT):
        return f" ({Path.cwd()}); `dvc gc --workspace --all-commits --all-experiments` frees what nothing refers to"
    return ""
