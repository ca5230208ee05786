"""Read the predictions that `evaluate` stored for a revision, from DVC's cache or its remote."""

import io

import numpy as np

from digits.core.errors import UserError, reason
from digits.core.paths import PREDICTIONS
from digits.evaluation import robustness
from digits.review.revisions import Revision, file_names, read_file


def read_arrays(revision: Revision) -> dict[str, np.ndarray]:
    """Return the files of `evaluate` without images, by name without .npy.

    These are labels, probabilities and, if stored, correctness on corrupted images.
    """
    try:
        contents = {
            name.removesuffix(".npy"): read_file(revision, f"{PREDICTIONS}/{name}") for name in array_files(revision)
        }
    except Exception as error:  # each remote's library has its own errors: no credentials, no network, no bucket
        cause = error.__cause__ or error
        remote_error = "" if isinstance(cause, FileNotFoundError) else reason(cause)
        raise UserError(missing_predictions(revision, remote_error)) from None
    if "labels" not in contents or None in contents.values():
        raise UserError(missing_predictions(revision))
    try:
        return {name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in contents.items()}
    except (ValueError, EOFError) as error:
        raise UserError(
            f"{PREDICTIONS} of {revision} is damaged ({reason(error)}); run `dvc checkout --force` to restore it from "
            "the cache"
        ) from None


def array_files(revision: Revision) -> list[str]:
    corrupted = [f"{robustness.FOLDER.name}/{name}" for name in file_names(revision, str(robustness.FOLDER))]
    names = (*file_names(revision, str(PREDICTIONS)), *corrupted)
    return [name for name in names if name.endswith(".npy") and name != "images.npy"]


def missing_predictions(revision: Revision, remote_error: str = "") -> str:
    remote = revision.files.repo.config["core"].get("remote")
    if remote_error:
        problem = f"not in DVC's cache, and cannot be read from the remote ({remote_error})"
    elif remote:
        problem = f"neither in DVC's cache nor in its remote `{remote}`; run `dvc push` where they are"
    else:
        problem = (
            "not in DVC's cache, and no remote is set up (`dvc remote add --default …`) from which to `dvc pull` them"
        )
    repro = "run `dvc repro` there" if revision.commit else "run `dvc repro`"
    commit = ", and commit dvc.lock and reports/ if they differ on this machine" if revision.commit else ""
    return f"the stored predictions of {revision} are {problem}; or {repro} to create them again{commit}"
