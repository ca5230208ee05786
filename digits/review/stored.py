"""Read the predictions that `evaluate` stored, or those that this machine made of the same code, parameters and images.

Floating-point results differ between processors, and trained models with them. DVC's run cache records, stage by
stage, which outputs this machine produced from which inputs.
"""

import io
from collections.abc import Mapping, Sequence
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
class StoredArrays:
    """The files of `evaluate` without images: labels, probabilities and, if stored, correctness on corrupted images."""

    arrays: dict[str, np.ndarray]
    from_run_cache: bool


def load_arrays(revision: Revision) -> StoredArrays:
    try:
        return StoredArrays(read_arrays(revision), from_run_cache=False)
    except UserError:
        files = file_system(revision.name)
        if not restore_from_run_cache(files):
            raise
        return StoredArrays(read_arrays(replace(revision, files=files)), from_run_cache=True)


def read_arrays(revision: Revision) -> dict[str, np.ndarray]:
    try:
        contents = {
            name.removesuffix(".npy"): read_file(revision, f"{PREDICTIONS}/{name}") for name in array_files(revision)
        }
    except Exception as error:  # each remote's library has its own errors: no credentials, no network, no bucket
        cause = error.__cause__ or error
        why = "" if isinstance(cause, FileNotFoundError) else reason(cause)
        raise UserError(missing_predictions(revision, why)) from None
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


def missing_predictions(revision: Revision, why: str = "") -> str:
    remote = revision.files.repo.config["core"].get("remote")
    repro = f"`dvc repro` {'there ' if revision.commit else ''}to compute them again"
    if why:
        problem = f"not in DVC's cache, and cannot be read from the remote ({why}); run {repro}"
    elif remote:
        problem = f"neither in DVC's cache nor in its remote `{remote}`; run `dvc push` where they are, or {repro}"
    else:
        problem = (
            "not in DVC's cache, and no remote is set up (`dvc remote add --default …`) from which to `dvc pull` them; "
            f"run {repro}"
        )
    return f"the stored predictions of {revision} are {problem}"


def restore_from_run_cache(files: DVCFileSystem) -> bool:
    """Replace outputs that DVC's cache lacks, and outputs made from these; return whether predictions are available."""
    index = files.repo.index
    outputs = list(index.outs)
    for stage in dfs_postorder_nodes(index.graph):
        for dependency in stage.deps:
            if hash_info := output_hash(dependency, outputs):
                # The dependency's own Meta holds another hash, which DVC would prefer.
                dependency.hash_info, dependency.meta = hash_info, Meta()
        if isinstance(stage, PipelineStage) and not stage.outs_cached() and (run := latest_run(stage)):
            StageLoader.fill_from_lock(stage, load_yaml(run))
    return any(not output.changed_cache() for output in outputs if output.def_path == str(PREDICTIONS))


def output_hash(dependency: Dependency, outputs: Sequence[Output]) -> HashInfo | None:
    """Return the hash of the output with the dependency's path, or of all outputs in its folder; None without any."""
    parts = {
        Path(output.def_path).relative_to(dependency.def_path).parts: output
        for output in outputs
        if Path(output.def_path).is_relative_to(dependency.def_path)
    }
    if () in parts:
        return parts[()].hash_info
    return folder_hash(parts) if parts else None


def folder_hash(parts: Mapping[tuple[str, ...], Output]) -> HashInfo:
    tree = Tree()
    for path, output in parts.items():
        if output.hash_info.isdir:
            for name, *content in output.get_obj() or ():
                tree.add((*path, *name), *content)
        else:
            tree.add(path, output.meta, output.hash_info)
    tree.digest()
    return tree.hash_info


def latest_run(stage: PipelineStage) -> Path | None:
    """Find a run by DVC's key: command, dependencies, parameters and the names of outputs."""
    run = to_single_stage_lockfile(stage)
    run["outs"] = [output["path"] for output in run.get("outs", [])]
    key = dict_sha256(run, exclude=["size", "nfiles"])
    runs = Path(stage.repo.cache.legacy.path, "runs", key[:2], key)
    return max(runs.glob("*"), key=lambda path: path.stat().st_mtime, default=None)
