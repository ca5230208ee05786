"""What the models of a revision answered: stored, or else made on this machine of the same code, parameters and images.

Processors round differently, and models with them. DVC notes what came of which inputs, stage by stage: its run cache.
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
from digits.review.revisions import Revision, files_at, names, read


@dataclass(frozen=True)
class Stored:
    """What `evaluate` wrote, but for the images: probabilities, labels and, if any, what was right on corrupted images."""

    arrays: dict[str, np.ndarray]
    made_here: bool  # in place of what is not to be had


def stored(of: Revision) -> Stored:
    try:
        return Stored(predictions(of), made_here=False)
    except UserError:
        files = files_at(of.name)
        if not take_what_was_made_here(files):
            raise
        return Stored(predictions(replace(of, files=files)), made_here=True)


def predictions(of: Revision) -> dict[str, np.ndarray]:
    try:
        contents = {name.removesuffix(".npy"): read(of, f"{PREDICTIONS}/{name}") for name in arrays(of)}
    except Exception as error:  # a remote's library fails in its own ways: no credentials, no network, no bucket
        cause = error.__cause__ or error
        raise UserError(missing(of, "" if isinstance(cause, FileNotFoundError) else reason(cause))) from None
    if "labels" not in contents or None in contents.values():
        raise UserError(missing(of))
    try:
        return {name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in contents.items()}
    except (ValueError, EOFError) as error:
        why = f"{PREDICTIONS} of {of} is damaged ({reason(error)})"
        raise UserError(f"{why}; `dvc checkout --force` brings it back from the cache") from None


def arrays(of: Revision) -> list[str]:
    hard = [f"{robustness.FOLDER.name}/{name}" for name in names(of, str(robustness.FOLDER))]
    return [name for name in (*names(of, str(PREDICTIONS)), *hard) if name.endswith(".npy") and name != "images.npy"]


def missing(of: Revision, why: str = "") -> str:
    remote = of.files.repo.config["core"].get("remote")
    if why:
        found = f"not in DVC's cache, and the remote does not give them ({why})"
    elif remote:
        found = (
            f"neither in DVC's cache nor in its remote `{remote}`; `dvc push` where they were made brings them there"
        )
    else:
        found = (
            "not in DVC's cache, and no remote is set up (`dvc remote add --default …`) from which to `dvc pull` them"
        )
    return f"the stored probabilities of {of} are {found}; `dvc repro` {'there ' if of.commit else ''}makes them again"


def take_what_was_made_here(files: DVCFileSystem) -> bool:
    """For outputs that DVC's cache lacks, and for those made of these in turn; whether it has predictions then."""
    index = files.repo.index
    outputs = list(index.outs)
    for stage in dfs_postorder_nodes(index.graph):
        for dependency in stage.deps:
            if content := made(dependency, outputs):
                dependency.hash_info, dependency.meta = content, Meta()  # whose own hash would go before
        if isinstance(stage, PipelineStage) and not stage.outs_cached() and (run := latest_run(stage)):
            StageLoader.fill_from_lock(stage, load_yaml(run))
    return any(not output.changed_cache() for output in outputs if output.def_path == str(PREDICTIONS))


def made(dependency: Dependency, outputs: Sequence[Output]) -> HashInfo | None:
    """Of the output that it is, or of all outputs in this folder; None where no stage made any."""
    parts = {
        Path(output.def_path).relative_to(dependency.def_path).parts: output
        for output in outputs
        if Path(output.def_path).is_relative_to(dependency.def_path)
    }
    if () in parts:
        return parts[()].hash_info
    return folder(parts) if parts else None


def folder(parts: Mapping[tuple[str, ...], Output]) -> HashInfo:
    tree = Tree()
    for place, output in parts.items():
        if output.hash_info.isdir:
            for name, *content in output.get_obj() or ():
                tree.add((*place, *name), *content)
        else:
            tree.add(place, output.meta, output.hash_info)
    tree.digest()
    return tree.hash_info


def latest_run(stage: PipelineStage) -> Path | None:
    """By what DVC notes runs by: command, dependencies, parameters and the names of outputs."""
    run = to_single_stage_lockfile(stage)
    run["outs"] = [output["path"] for output in run.get("outs", [])]
    key = dict_sha256(run, exclude=["size", "nfiles"])
    runs = Path(stage.repo.cache.legacy.path, "runs", key[:2], key)
    return max(runs.glob("*"), key=lambda path: path.stat().st_mtime, default=None)
