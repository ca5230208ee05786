"""Exports compared with the models they were made from, in a process that has only the files to go by."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from digits.config.schema import Runtime
from digits.core.errors import UserError, reason
from digits.core.files import read_array
from digits.core.paths import PREDICTIONS
from digits.export.formats import EXPORTS, FORMATS, Format, FormatOutput
from digits.export.metadata import read_metadata
from digits.models import runtime

BATCH = 500  # as in `evaluate`: another number may change a probability's last bit


@contextmanager
def process(machine: Runtime) -> Iterator[Callable[..., dict[str, Any]]]:
    """Yields `check`, to be done by the process, which starts at once: TensorFlow takes seconds, here and there."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    checking = spawn.Process(target=serve, args=(theirs, machine))
    checking.start()
    theirs.close()  # the process alone holds this end, so that the pipe breaks when it dies
    try:
        yield partial(call, ours)
    finally:
        checking.kill()
        checking.join()


def call(pipe: Connection, *arguments: object) -> dict[str, Any]:
    try:
        pipe.send(arguments)
        result = pipe.recv()
    except (EOFError, OSError):
        raise UserError("the process that reloads the exports was killed; it may have lacked memory") from None
    if isinstance(result, UserError):
        raise result
    return result


def serve(pipe: Connection, machine: Runtime) -> None:
    """One call. When whoever calls is killed, the pipe breaks, and this process ends as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the other process, which ends this one
    with suppress(EOFError, BrokenPipeError):
        try:
            runtime.start(machine)
            result = check(*pipe.recv())
        except UserError as mistake:
            result = mistake
        except Exception as error:
            result = UserError(f"the exports could not be compared with their models ({reason(error)})")
        pipe.send(result)


def check(exports: Path, models: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, Any]:
    """What reports/export.json holds: for each family its model, and each format's size and largest difference."""
    images = read_array(PREDICTIONS / "images.npy")
    report = {}
    for family, name in models.items():
        formats = {}
        for each in FORMATS:
            path = exports / family / each.file
            largest = difference(f"{family}/{each.file}", name, output(each, path, images), classes, each.tolerance)
            formats[each.file] = {"path": str(EXPORTS / family / each.file), "bytes": size(path)}
            # Processors differ in the digits beyond.
            rounded_up = ceil(largest * 1e6) / 1e6
            formats[each.file] |= {"largest_difference": rounded_up, "tolerance": each.tolerance}
        report[family] = {"model": name, "images": len(images), "formats": formats}
    return report


def output(export_format: Format, path: Path, images: np.ndarray) -> FormatOutput:
    try:
        predict = export_format.load(path)
        parts = [predict(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        probabilities = np.concatenate([part.probabilities for part in parts])
        if parts[0].classes is not None:
            return FormatOutput(probabilities, np.concatenate([part.classes for part in parts]))
        return FormatOutput(probabilities, np.array(read_metadata(path).classes)[probabilities.argmax(axis=1)])
    except Exception as error:  # whatever it is, nobody else could use the file either
        raise UserError(f"the export {path.parent.name}/{path.name} cannot be used ({reason(error)})") from None


def difference(export: str, name: str, output: FormatOutput, classes: tuple[str, ...], tolerance: float) -> float:
    expected = read_array(PREDICTIONS / f"{name}.npy")
    if output.probabilities.shape != expected.shape:
        raise UserError(
            f"the export {export} gives {output.probabilities.shape} probabilities, but {PREDICTIONS}/{name}.npy "
            f"holds {expected.shape}; `dvc repro` makes both from the same model"
        )
    largest = float(np.abs(output.probabilities - expected).max())
    # Of two classes that are closer than what is allowed, rounding decides.
    named = np.where(output.classes[:, np.newaxis] == np.array(classes), expected, -1).max(axis=1)
    others = int((named < expected.max(axis=1) - 2 * tolerance).sum())
    if others or not largest <= tolerance:  # nor is NaN
        raise UserError(
            f"the export {export} does not predict as {name} does: of {len(expected):,} test images {others:,} get "
            f"another class, and a probability differs by {largest:.1g} ({tolerance:g} is allowed); {EXPORTS} stays as "
            "it was, and `dvc repro --force evaluate` predicts again with the trained models, on this machine"
        )
    return largest


def size(path: Path) -> int:
    """Of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file())
