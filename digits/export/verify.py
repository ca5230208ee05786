"""Compare exports with the models that they were made from, in a process that has only the exported files."""

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

# Must equal the batch size of stage evaluate: a probability's last bit may differ between batch sizes.
BATCH_SIZE = 500


@contextmanager
def checking_process(runtime_settings: Runtime) -> Iterator[Callable[..., dict[str, Any]]]:
    """Start a process, and yield a function that runs `check` there.

    The process starts TensorFlow, which takes seconds, while the caller starts its own.
    """
    spawn = multiprocessing.get_context("spawn")
    parent_end, child_end = spawn.Pipe()
    process = spawn.Process(target=serve_one_call, args=(child_end, runtime_settings))
    process.start()
    child_end.close()  # only the process keeps this end open, so that the pipe breaks when it dies
    try:
        yield partial(call_check, parent_end)
    finally:
        process.kill()
        process.join()


def call_check(pipe: Connection, *arguments: object) -> dict[str, Any]:
    try:
        pipe.send(arguments)
        result = pipe.recv()
    except (EOFError, OSError):
        raise UserError("the process that loads the exports was killed, possibly for lack of memory") from None
    if isinstance(result, UserError):
        raise result
    return result


def serve_one_call(pipe: Connection, runtime_settings: Runtime) -> None:
    """Run `check` once. If the parent is killed, the pipe breaks and this process ends, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends this process
    with suppress(EOFError, BrokenPipeError):
        try:
            runtime.start(runtime_settings)
            result = check(*pipe.recv())
        except UserError as error:
            result = error
        except Exception as error:
            result = UserError(f"the exports could not be compared with their models ({reason(error)})")
        pipe.send(result)


def check(exports: Path, models: Mapping[str, str], classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of reports/export.json: each family's model, and each format's size and largest difference."""
    images = read_array(PREDICTIONS / "images.npy")
    report = {}
    for family, name in models.items():
        formats = {}
        for export_format in FORMATS:
            file, tolerance = export_format.file, export_format.tolerance
            path = exports / family / file
            output = predict_images(export_format, path, images)
            difference = compare(f"{family}/{file}", name, output, classes, tolerance)
            formats[file] = {
                "path": str(EXPORTS / family / file),
                "bytes": size_in_bytes(path),
                # Rounded up to six digits: later ones differ between processors.
                "largest_difference": ceil(difference * 1e6) / 1e6,
                "tolerance": tolerance,
            }
        report[family] = {"model": name, "images": len(images), "formats": formats}
    return report


def predict_images(export_format: Format, path: Path, images: np.ndarray) -> FormatOutput:
    """Return the output for all images; class names come from metadata.json if the format does not store them."""
    try:
        predict = export_format.load(path)
        batches = [predict(images[start : start + BATCH_SIZE]) for start in range(0, len(images), BATCH_SIZE)]
        probabilities = np.concatenate([batch.probabilities for batch in batches])
        if batches[0].predicted_classes is not None:
            return FormatOutput(probabilities, np.concatenate([batch.predicted_classes for batch in batches]))
        return FormatOutput(probabilities, np.array(read_metadata(path).classes)[probabilities.argmax(axis=1)])
    except Exception as error:  # any error here would occur for the file's users, too
        raise UserError(f"the export {path.parent.name}/{path.name} cannot be used ({reason(error)})") from None


def compare(export: str, name: str, output: FormatOutput, classes: tuple[str, ...], tolerance: float) -> float:
    """Return the largest difference from the model's stored probabilities, or raise if it exceeds the tolerance."""
    stored = read_array(PREDICTIONS / f"{name}.npy")
    if output.probabilities.shape != stored.shape:
        raise UserError(
            f"the export {export} returns probabilities of shape {output.probabilities.shape}, but "
            f"{PREDICTIONS}/{name}.npy has shape {stored.shape}; run `dvc repro` to create both from the same model"
        )
    difference = float(np.abs(output.probabilities - stored).max())
    # A class other than the likeliest may be predicted if the stored probabilities are close: each probability may be
    # off by the tolerance, so a gap of up to twice the tolerance is accepted.
    is_predicted = output.predicted_classes[:, np.newaxis] == np.array(classes)
    stored_probability_of_class = np.where(is_predicted, stored, -1).max(axis=1)  # -1: no class has the name
    n_changed = int((stored_probability_of_class < stored.max(axis=1) - 2 * tolerance).sum())
    if n_changed or not difference <= tolerance:  # `not <=` is also true for NaN
        raise UserError(
            f"the export {export} does not match {name}: {n_changed:,} of {len(stored):,} test images get a different "
            f"class, and probabilities differ by up to {difference:.1g} (at most {tolerance:g} is allowed); {EXPORTS} "
            "is unchanged; run `dvc repro --force evaluate` to predict again with the trained models on this machine"
        )
    return difference


def size_in_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
