"""The best model of each family, for use elsewhere: in which formats, and that each answers as the trained one."""

import multiprocessing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits.common.errors import UserError
from digits.common.paths import PREDICTIONS, model_names
from digits.evaluation import predictions
from digits.evaluation.selection import worth
from digits.export.verify import Answers, tell
from digits.params.schema import Runtime

EXPORTS = Path("exports")
TOLERANCE = 1e-5  # of a probability: another format may add up in another order, and no more than that


def winner(family: str, seeds: tuple[int, ...]) -> str:
    return max(model_names((family,), seeds), key=worth)


def check(exports: Path, models: Mapping[str, str], classes: tuple[str, ...], runtime: Runtime) -> dict[str, Any]:
    """Loaded by a new process and asked about all test images, each must answer as the model it was made from."""
    answers = reloaded([exports / family for family in models], runtime)
    return {
        family: {
            "model": name,
            "images": len(predictions.of_model(name)),
            "tolerance": TOLERANCE,
            "formats": {
                file: {
                    "path": str(EXPORTS / family / file),
                    "bytes": size(exports / family / file),
                    "largest_difference": difference(f"{family}/{file}", name, given, classes),
                }
                for file, given in of_family.items()
            },
        }
        for (family, name), of_family in zip(models.items(), answers, strict=True)
    }


def reloaded(folders: Sequence[Path], runtime: Runtime) -> list[dict[str, Answers]]:
    spawn = multiprocessing.get_context("spawn")
    told, tells = spawn.Pipe(duplex=False)
    process = spawn.Process(target=tell, args=(tells, folders, PREDICTIONS / "images.npy", runtime))
    process.start()
    tells.close()  # its end is the process's alone, and so closed when that has ended
    try:
        found = told.recv()
    except EOFError:
        raise UserError("the process that reloads the exports was killed; it may have lacked memory") from None
    finally:
        process.kill()
        process.join()
    if isinstance(found, UserError):
        raise found
    return found


def difference(export: str, name: str, given: Answers, classes: tuple[str, ...]) -> float:
    wanted = predictions.of_model(name)
    if given.probabilities.shape != wanted.shape:
        raise UserError(
            f"the export {export} gives {given.probabilities.shape} probabilities, and {PREDICTIONS}/{name}.npy "
            f"holds {wanted.shape}; `dvc repro` makes both from the same model"
        )
    largest = float(np.abs(given.probabilities - wanted).max())
    others = int((given.classes != np.array(classes)[wanted.argmax(axis=1)]).sum())
    if others or not largest <= TOLERANCE:
        raise UserError(
            f"the export {export} does not answer as {name} does: of {len(wanted):,} test images {others:,} get "
            f"another class, and a probability differs by {largest:.1g} ({TOLERANCE:g} is allowed); {EXPORTS} stays as "
            "it was, and `dvc repro --force evaluate` asks the trained models again, on this machine"
        )
    return largest


def size(path: Path) -> int:
    """Of a file, or of all files in a folder."""
    return sum(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file())
