"""What a training says while it runs. A process of its own listens and passes it on to MLflow, so that no server,
slow or dead, ever holds a training up: what cannot be said at once waits, and what is never said is filled in later.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

LISTENER = "digits.tracking.listen"

Tell = Callable[..., None]


class Line:
    """A pipe that is never waited for."""

    def __init__(self, end: int) -> None:
        os.set_blocking(end, False)
        self.end, self.waiting = end, b""

    def tell(self, **message: Any) -> None:
        self.waiting += json.dumps(message | {"time": time.time_ns() // 1_000_000}).encode() + b"\n"
        with suppress(OSError):  # full: the next message takes it along; or nobody is there any more
            self.waiting = self.waiting[os.write(self.end, self.waiting) :]


@contextmanager
def listened() -> Iterator[Tell]:
    """Start the listener before TensorFlow, so that both load at the same time."""
    if os.environ.get("DIGITS_TRACKING") == "off":
        yield lambda **_: None
        return
    listener = subprocess.Popen(
        [sys.executable, "-m", LISTENER],
        stdin=subprocess.PIPE,
        # Not this process's own: whoever reads those would wait until all who hold them are done.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it outlives a training that is killed, to say so
    )
    line = Line(listener.stdin.fileno())
    try:
        yield line.tell
    except Exception as error:
        line.tell(end="failed", reason=str(error) or type(error).__name__)
        raise
    finally:
        listener.stdin.close()
        listener.returncode = 0  # it ends in its own time; nobody waits for it
