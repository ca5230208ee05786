"""Command lines of stages and other commands: positional arguments, one line of output, one line for an error."""

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path

from digits.core.errors import UserError


def run_stage(stage: Callable[..., str]) -> None:
    """Call a stage with the command line's arguments, and print the summary that it returns."""
    name = Path(sys.argv[0]).stem
    started = time.perf_counter()
    with one_line_errors(name):
        summary = stage(*arguments(stage))
        print(f"{name}: {summary} ({time.perf_counter() - started:.1f} s)", flush=True)


def arguments(stage: Callable[..., str]) -> list[str]:
    """Return the command line's arguments, one for each parameter of the stage."""
    values, names = sys.argv[1:], list(inspect.signature(stage).parameters)
    if len(values) != len(names):
        raise UserError(f"takes {' '.join(names).upper() or 'no arguments'}, not {' '.join(values) or 'nothing'}")
    return values


@contextmanager
def one_line_errors(name: str) -> Iterator[None]:
    """Exit with status 1 and one line, which begins with `name`, after an error that the user can correct."""
    try:
        yield
    except BrokenPipeError:  # `| head` has read enough; without dup2, Python would print another error at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (UserError, OSError) as error:  # the message of an OSError is clear without a traceback, too
        sys.exit(f"{name}: error: {str(error) or type(error).__name__}{hint(error)}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")


def hint(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT):
        return f" ({Path.cwd()}); `dvc gc --workspace --all-commits --all-experiments` removes unused data"
    return ""
