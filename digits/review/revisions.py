"""Read the two revisions of a review (branches, commits, experiments or the working tree) and list what differs."""

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dvc.api import DVCFileSystem
from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import PipelineStage

from digits.core.errors import UserError, reason
from digits.core.files import write_bytes
from digits.core.git import git
from digits.core.paths import REPORTS

CODE_PATHS = ("digits", "stages", "dvc.yaml", "requirements.txt")
CODE_STATUS = {"A": "new", "D": "removed", "M": "changed", "T": "changed"}
COSTS = ("parameters", "multiply_adds", "training_tflop")
FIGURES = REPORTS / "figures"
METRICS_FILE = REPORTS / "metrics.json"
DATASET_CODE = "digits/data/dataset.py"  # corrupts no images; the images it reads are compared by their digest
GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:](?P<project>[^/]+/[^/]+?)(?:\.git)?/?")

FORMER_METRICS = ("seen_accuracy", "unseen_accuracy")  # now {trained,held_out}_corruptions_accuracy

Change = tuple[str, Any, Any]  # a dotted name, the value in base, the value in head; None where it is missing
Costs = dict[str, dict[str, float]]  # by model
Links = tuple[str | None, str | None]  # to a figure of base and of head; None where it is missing


@dataclass(frozen=True)
class Revision:
    name: str
    commit: str | None  # None: the working tree, with uncommitted changes
    files: DVCFileSystem  # files in git and files in DVC, from its cache or else from its remote

    @property
    def dvc_name(self) -> str:
        """The name of the revision in DVC's commands."""
        return self.commit or "workspace"

    def __str__(self) -> str:
        if self.commit is None:
            return "the working tree"
        return f"`{self.name}`" if self.commit.startswith(self.name) else f"`{self.name}` ({self.commit[:7]})"


def load_revision(name: str) -> Revision:
    """Open a branch, tag, commit or experiment; without a name, the working tree, or its commit if nothing changed."""
    if not name and not git("status", "--porcelain", "--untracked-files=no") and not untracked_code():
        branch = git("rev-parse", "--abbrev-ref", "HEAD")
        name = git("rev-parse", "HEAD")[:7] if branch == "HEAD" else branch
    try:
        files = file_system(name)
        revision = Revision(name, files.repo.get_rev() if name else None, files)
    except AttributeError:  # DVC also accepts names of trees and blobs
        raise UserError(f"{name} is a file or a folder in git, not a commit") from None
    except DvcException as error:
        raise UserError(
            f"{reason(error)}: no branch, tag, commit or experiment here; `git branch --all` and "
            "`dvc exp list --all-commits` list those here, `git fetch` and `dvc exp pull` get those of others"
        ) from None
    try:
        pipeline_stages(revision)
    except DvcException as error:
        raise UserError(f"{revision} cannot be read: {reason(error)}; correct it there") from None
    return revision


def untracked_code() -> list[str]:
    return git("ls-files", "--others", "--exclude-standard", *CODE_PATHS).splitlines()


def file_system(name: str) -> DVCFileSystem:
    # The current settings, not the revision's: a remote that was set up later serves earlier revisions, too.
    config = {section: Repo().config[section] for section in ("core", "remote", "cache")}
    return DVCFileSystem(rev=name or None, config=config)


def read_file(revision: Revision, path: str) -> bytes | None:
    """Return None where the revision has no such file."""
    try:
        with revision.files.open(path, cache=True) as file:  # a file from a remote is kept in DVC's cache
            return file.read()
    except FileNotFoundError:
        return None


def file_names(revision: Revision, folder: str) -> list[str]:
    try:
        return sorted(path.rpartition("/")[2] for path in revision.files.ls(folder, detail=False))
    except FileNotFoundError:
        return []


def outdated_stages(revision: Revision) -> list[str]:
    """Return stages that affect predictions, and ran with code or parameters that differ from the revision's."""
    return [
        stage.name
        for stage in pipeline_stages(revision)
        if affects_predictions(stage) and any(map(is_changed, stage.deps))
    ]


def pipeline_stages(revision: Revision) -> list[PipelineStage]:
    return [stage for stage in revision.files.repo.index.stages if isinstance(stage, PipelineStage)]


def affects_predictions(stage: PipelineStage) -> bool:
    return any(out.def_path.startswith(("data/", "models/")) for out in stage.outs)


def is_changed(dependency: Any) -> bool:
    """Whether code or parameters differ from dvc.lock, as in `dvc status`; outputs of other stages are not checked."""
    is_code = dependency.def_path.startswith(("digits/", "stages/"))
    return (is_code or isinstance(dependency, ParamsDependency)) and bool(dependency.workspace_status())


def differences(kind: Literal["params", "metrics"], base: Revision, head: Revision) -> list[Change]:
    """Return the differences that `dvc params diff` or `dvc metrics diff --targets` lists."""
    targets = [str(METRICS_FILE)] if kind == "metrics" else None  # not the summary that `dvc metrics diff` shows
    result = getattr(Repo(), kind).diff(base.dvc_name, head.dvc_name, targets=targets)
    for revision in (base, head):
        for path, error in result.get("errors", {}).get(revision.dvc_name, {}).items():
            if not isinstance(error, FileNotFoundError):  # an earlier revision may lack the file
                raise unreadable_file(path, revision, error)
    values = {name: value for file in result.get("diff", {}).values() for name, value in file.items()}
    return [(name, value.get("old"), value.get("new")) for name, value in sorted(values.items())]


def former_name(metrics: Iterable[Change], side: Literal["base", "head"]) -> str | None:
    """Return a metric's former name that only this side has, or None."""
    only_here = [
        path.rpartition(".")[2]
        for path, base_value, head_value in metrics
        if (head_value if side == "base" else base_value) is None
    ]
    return next((name for name in only_here if name in FORMER_METRICS), None)


def corruption_code(revision: Revision) -> dict[str, str]:
    """Return digests of the code that corrupted the test images, as `evaluate` ran it."""
    dependencies = [dep for stage in pipeline_stages(revision) if stage.name == "evaluate" for dep in stage.deps]
    code = [dep for dep in dependencies if dep.def_path.startswith("digits/data/") and dep.def_path != DATASET_CODE]
    return {dep.def_path: dep.hash_info.value for dep in code}


def local_corruption_code(paths: Iterable[str]) -> dict[str, str]:
    """Return digests of these files in the working tree, whose list of corruptions labels the stored arrays."""
    files = [Path(path) for path in paths if Path(path).exists()]
    return {str(file): hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() for file in files}


def digest_of_test_images(revision: Revision) -> str | None:
    with parsing(revision, f"{REPORTS}/data.json") as content:
        return json.loads(content or "{}").get("splits", {}).get("test", {}).get("sha256")


def read_costs(revision: Revision) -> Costs:
    """Return costs by model and name. An earlier revision may lack some of them."""
    with parsing(revision, f"{REPORTS}/comparison.csv") as content:
        return {
            f"{row['family']} {row['variant']}": {name: json.loads(row[name]) for name in COSTS if row.get(name)}
            for row in csv.DictReader(content.splitlines())
        }


@contextmanager
def parsing(revision: Revision, path: str) -> Iterator[str]:
    """Yield the file's text, empty if there is no such file; raise a UserError if the block cannot parse it."""
    try:
        yield (read_file(revision, path) or b"").decode()
    except (ValueError, KeyError, AttributeError) as error:
        raise unreadable_file(path, revision, error) from None


def unreadable_file(path: str, revision: Revision, error: Exception) -> UserError:
    return UserError(f"{path} of {revision} cannot be read ({reason(error)}); run `dvc repro` there to create it again")


def changed_code(base: Revision, head: Revision) -> list[str]:
    commits = [revision.commit for revision in (base, head) if revision.commit]
    lines = git("diff", "--no-renames", "--name-status", *commits, "--", *CODE_PATHS).splitlines()
    if head.commit is None:
        lines += [f"A\t{path}" for path in untracked_code()]
    changes = (line.split("\t", 1) for line in lines)
    return [f"`{path}` ({CODE_STATUS.get(status, status)})" for status, path in changes]


def n_missing_commits(base: Revision, head: Revision) -> int:
    """Count the commits of base that head does not contain: the review shows them as undone."""
    return int(git("rev-list", "--count", f"{head.commit or 'HEAD'}..{base.commit}"))


def changed_figures(base: Revision, head: Revision, folder: Path) -> dict[str, Links]:
    """Return links by figure name: to GitHub if it has both revisions, otherwise to copies in the folder."""
    github = github_url(base, head)

    def link(revision: Revision, side: str, name: str, content: bytes | None) -> str | None:
        if content is None:
            return None
        if github:
            return f"{github}/blob/{revision.commit}/{FIGURES}/{name}?raw=true"
        write_bytes(folder / side / name, content)
        return f"{side}/{name}"

    links = {}
    for name in sorted({*file_names(base, str(FIGURES)), *file_names(head, str(FIGURES))}):
        base_content, head_content = (read_file(revision, f"{FIGURES}/{name}") for revision in (base, head))
        if base_content != head_content:
            links[name] = link(base, "base", name, base_content), link(head, "head", name, head_content)
    return links


def github_url(base: Revision, head: Revision) -> str | None:
    if not (base.commit and head.commit):
        return None
    project = os.environ.get("GITHUB_REPOSITORY")  # Codespaces set it too
    if project and os.environ.get("GITHUB_ACTIONS") == "true":  # workflows run on commits that have been pushed
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{project}"
    origin = "origin" in git("remote").splitlines() and GITHUB.fullmatch(git("remote", "get-url", "origin"))
    pushed = all(git("branch", "--remotes", "--contains", revision.commit) for revision in (base, head))
    return f"https://github.com/{origin['project']}" if origin and pushed else None
