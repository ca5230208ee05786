"""Listens to one training and lets MLflow show it while it runs. Started by digits.training.live, in its own process.

Messages come as lines on standard input; its end without the training's own "end" means that the training was killed.
"""

import json
import os
import queue
import sys
import threading
from typing import Any

from digits.tracking import environment

Message = dict[str, Any]

SECONDS_TOGETHER = 1  # what arrives within this time is sent at once
SECONDS_UNTIL_TRIED_AGAIN = 5
SECONDS_LEFT = 60  # after the training's end: then what is missing is left to the track stage


def main() -> None:
    os.nice(10)
    messages: queue.Queue[Message | None] = queue.Queue()
    threading.Thread(target=read, args=(messages,), daemon=True).start()
    environment.start()
    from digits.tracking.live import RunWriter  # takes seconds, in which the training imports TensorFlow

    show, ended = RunWriter(), False
    while not (ended and show.done()):
        arrived = collect(messages, SECONDS_UNTIL_TRIED_AGAIN if show.done() else SECONDS_TOGETHER)
        if None in arrived:
            ended = True
            arrived = [message for message in arrived if message is not None] + [{"end": "killed"}]
        if show.send(arrived):
            continue
        threading.Event().wait(1 if ended else SECONDS_UNTIL_TRIED_AGAIN)


def read(messages: queue.Queue[Message | None]) -> None:
    for line in sys.stdin.buffer:
        if line.endswith(b"\n"):  # the last words of a killed training may be cut off
            messages.put(json.loads(line))
    stop = threading.Timer(SECONDS_LEFT, os._exit, (0,))
    stop.daemon = True
    stop.start()
    messages.put(None)


def collect(messages: queue.Queue[Message | None], seconds: float) -> list[Message | None]:
    arrived = []
    try:
        arrived.append(messages.get(timeout=seconds))
        threading.Event().wait(SECONDS_TOGETHER if arrived[0] else 0)
        while True:
            arrived.append(messages.get_nowait())
    except queue.Empty:
        return arrived


if __name__ == "__main__":
    main()
