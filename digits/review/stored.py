"""Read the predictions that `evaluate` stored for a revision.

If they are not available, use those that this machine computed from the same code, parameters and images: DVC's run
cache records, stage by stage, which outputs this machine produced from which inputs. They may differ from the
stored predictions, because floating-point results differ between processors.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dvc.api import DVCFileSystem
from dvc.dependency import Dependency
from dvc.output import Output
from dvc.stage import PipelineStage
from dvc.stage.loader import StageLoader
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils import dict_sha256
from dvc.utils.serialize import load_yaml
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.meta import Meta
from dvc_data.hashfile.tree import Tree
from networkx import dfs_postorder_nodes

from digits.core.errors import UserError, reason
from digits.core.paths import PREDICTIONS
from digits.evaluation import robustness
from digits.review.revisions import Revision, file_names, file_system, read_file


@dataclass(frozen=True)
class RevisionArrays:
    """The files of `evaluate` without images: labels, probabilities and, if stored, correctness on corrupted images."""

    by_name: dict[str, np.ndarray]  # by file name without .npy
    from_run_cache: bool


def load_arrays(revision: Revision) -> RevisionArrays:
    try:
        return RevisionArrays(read_arrays(revision), from_run_cache=False)
    except UserError:
        files = file_system(revision.name)
        if not restore_from_run_cache(files):
            raise
        return RevisionArrays(read_arrays(replace(revision, files=files)), from_run_cache=True)


def read_arrays(revision: Revision) -> dict[str, np.ndarray]:
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
    repro = f"`dvc repro` {'there ' if revision.commit else ''}to create them again"
    if remote_error:
        problem = f"not in DVC's cache, and cannot be read from the remote ({remote_error}); run {repro}"
    elif remote:
        problem = f"neither in DVC's cache nor in its remote `{remote}`; run `dvc push` where they are, or {repro}"
    else:
        problem = (
            "not in DVC's cache, and no remote is set up (`dvc remote add --default …`) from which to `dvc pull` them; "
            f"run {repro}"
        )
    return f"the stored predictions of {revision} are {problem}"


def restore_from_run_cache(files: DVCFileSystem) -> bool:
    """Use this machine's outputs where DVC's cache lacks the revision's; return whether predictions are available.

    dvc.lock lists the outputs of the machine that ran the pipeline. From the first stage to the last:
    1. Each dependency gets the hash that the output of the earlier stage now has: the revision's or this machine's.
    2. If an output of the stage is missing, the outputs are replaced by those of this machine's latest run with the
       same command, parameters and dependencies.
    This changes the index in memory only, no files.
    """
    index = files.repo.index
    outputs = list(index.outs)
    for stage in dfs_postorder_nodes(index.graph):
        for dependency in stage.deps:
            if hash_info := current_hash(dependency, outputs):
                # The dependency's own Meta holds the former hash, which DVC would prefer.
                dependency.hash_info, dependency.meta = hash_info, Meta()
        if isinstance(stage, PipelineStage) and not stage.outs_cached() and (run := latest_run(stage)):
            StageLoader.fill_from_lock(stage, load_yaml(run))
    return any(not output.changed_cache() for output in outputs if output.def_path == str(PREDICTIONS))


def current_hash(dependency: Dependency, outputs: Sequence[Output]) -> HashInfo | None:
    """Return the hash of a dependency on outputs of earlier stages; None if it is on other files.

    It depends on one output (such as `models/cnn-tuned`), or on a folder of several (such as `models`).
    """
    path = Path(dependency.def_path)
    outputs_inside = []
    for output in outputs:
        if Path(output.def_path) == path:
            return output.hash_info
        if Path(output.def_path).is_relative_to(path):
            outputs_inside.append(output)
    return folder_hash(path, outputs_inside) if outputs_inside else None


def folder_hash(folder: Path, outputs: Sequence[Output]) -> HashInfo:
    """Return the hash that DVC computes for a folder: that of the list of its files and their hashes."""
    tree = Tree()
    for output in outputs:
        parts = Path(output.def_path).relative_to(folder).parts
        if output.hash_info.isdir:
            for file_parts, *meta_and_hash in output.get_obj() or ():
                tree.add((*parts, *file_parts), *meta_and_hash)
        else:
            tree.add(parts, output.meta, output.hash_info)
    tree.digest()
    return tree.hash_info


def latest_run(stage: PipelineStage) -> Path | None:
    """Find the stage's latest run by DVC's key: command, dependencies, parameters and the names of outputs."""
    lock = to_single_stage_lockfile(stage)
    lock["outs"] = [output["path"] for output in lock.get("outs", [])]
    key = dict_sha256(lock, exclude=["size", "nfiles"])
    runs = Path(stage.repo.cache.legacy.path, "runs", key[:2], key)
    return max(runs.glob("*"), key=lambda path: path.stat().st_mtime, default=None)
