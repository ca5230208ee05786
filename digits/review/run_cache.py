"""What this machine made of a revision's code, parameters and images: processors round differently, models with them.

DVC notes what came of which inputs, stage by stage: its run cache.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

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

from digits.common.paths import PREDICTIONS


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
