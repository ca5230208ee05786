"""The two sides of a review: branches, commits, experiments or the working tree; and what differs between them."""

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

CODE = ("digits", "stages", "dvc.yaml", "requirements.txt")
CODE_STATUS = {"A": "new", "D": "removed", "M": "changed", "T": "changed"}
COSTS = ("parameters", "multiply_adds", "training_tflop")
FIGURES = REPORTS / "figures"
METRICS = REPORTS / "metrics.json"
READER = "digits/data/dataset.py"  # makes no image hard; what it reads is known by a digest
GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:](?P<project>[^/]+/[^/]+?)(?:\.git)?/?")

Change = tuple[str, Any, Any]  # a dotted name, the old value, the new one; None where there is none
Costs = dict[str, dict[str, float]]  # by model
Links = tuple[str | None, str | None]  # old and new


@dataclass(frozen=True)
class Revision:
    name: str
    commit: str | None  # None: the working tree, with what is not committed
    files: DVCFileSystem  # what git holds there, and what DVC holds: from its cache, or else from its remote

    @property
    def rev(self) -> str:
        """As DVC's commands take it."""
        return self.commit or "workspace"

    def __str__(self) -> str:
        if self.commit is None:
            return "the working tree"
        return f"`{self.name}`" if self.commit.startswith(self.name) else f"`{self.name}` ({self.commit[:7]})"


def revision(name: str) -> Revision:
    """By the name of a branch, tag, commit or experiment; without one, what lies here, committed or not."""
    if not name and not git("status", "--porcelain", "--untracked-files=no") and not new_code():
        branch = git("rev-parse", "--abbrev-ref", "HEAD")
        name = git("rev-parse", "HEAD")[:7] if branch == "HEAD" else branch
    try:
        files = files_at(name)
        found = Revision(name, files.repo.get_rev() if name else None, files)
    except AttributeError:  # DVC takes whatever git knows by this name
        raise UserError(f"{name} is a file or a folder in git, not a commit") from None
    except DvcException as error:
        raise UserError(
            f"{reason(error)}: no branch, tag, commit or experiment here; `git branch --all` and "
            "`dvc exp list --all-commits` say what there is, `git fetch` and `dvc exp pull` get what others have"
        ) from None
    try:
        stages(found)
    except DvcException as error:
        raise UserError(f"{found} cannot be read: {reason(error)}; correct it there") from None
    return found


def new_code() -> list[str]:
    """Files that git does not know yet."""
    return git("ls-files", "--others", "--exclude-standard", *CODE).splitlines()


def files_at(name: str) -> DVCFileSystem:
    settings = Repo().config
    # As they are now: a remote that was set up later serves earlier revisions as well.
    return DVCFileSystem(rev=name or None, config={part: settings[part] for part in ("core", "remote", "cache")})


def read(of: Revision, path: str) -> bytes | None:
    """None where that side has no such file."""
    try:
        with of.files.open(path, cache=True) as file:  # what a remote gave stays in DVC's cache
            return file.read()
    except FileNotFoundError:
        return None


def names(of: Revision, folder: str) -> list[str]:
    try:
        return sorted(path.rpartition("/")[2] for path in of.files.ls(folder, detail=False))
    except FileNotFoundError:
        return []


def outdated_stages(revision: Revision) -> list[str]:
    """Stages that decide what models answer, and ran with other code or parameters than lie beside their results."""
    return [stage.name for stage in stages(revision) if decides(stage) and any(map(changed, stage.deps))]


def stages(revision: Revision) -> list[PipelineStage]:
    return [stage for stage in revision.files.repo.index.stages if isinstance(stage, PipelineStage)]


def decides(stage: PipelineStage) -> bool:
    return any(out.def_path.startswith(("data/", "models/")) for out in stage.outs)


def changed(dependency: Any) -> bool:
    """Against dvc.lock, as `dvc status` has it. What other stages made is theirs to answer for."""
    ours = isinstance(dependency, ParamsDependency) or dependency.def_path.startswith(("digits/", "stages/"))
    return ours and bool(dependency.workspace_status())


def differences(kind: Literal["params", "metrics"], old: Revision, new: Revision) -> list[Change]:
    """As `dvc params diff` and `dvc metrics diff --targets` find them."""
    targets = [str(METRICS)] if kind == "metrics" else None  # not the summary that `dvc metrics diff` shows
    found = getattr(Repo(), kind).diff(old.rev, new.rev, targets=targets)
    for side in (old, new):
        for path, error in found.get("errors", {}).get(side.rev, {}).items():
            if not isinstance(error, FileNotFoundError):  # an earlier revision may not have it
                raise unreadable(path, side, error)
    values = {name: value for file in found.get("diff", {}).values() for name, value in file.items()}
    return [(name, value.get("old"), value.get("new")) for name, value in sorted(values.items())]


def corruption_code(revision: Revision) -> dict[str, str]:
    """Digests of the code that made corrupted images, as `evaluate` ran it."""
    dependencies = [each for stage in stages(revision) if stage.name == "evaluate" for each in stage.deps]
    makers = [each for each in dependencies if each.def_path.startswith("digits/data/") and each.def_path != READER]
    return {each.def_path: each.hash_info.value for each in makers}


def local_corruption_code(paths: Iterable[str]) -> dict[str, str]:
    """Of the code that now says which kinds there are."""
    files = [Path(path) for path in paths if Path(path).exists()]
    return {str(file): hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() for file in files}


def test_images(revision: Revision) -> str | None:
    """Their digest."""
    with readable(revision, f"{REPORTS}/data.json") as content:
        return json.loads(content or "{}").get("splits", {}).get("test", {}).get("sha256")


def costs(revision: Revision) -> Costs:
    """An earlier revision may not know all of them."""
    with readable(revision, f"{REPORTS}/comparison.csv") as content:
        return {
            f"{row['family']} {row['variant']}": {name: json.loads(row[name]) for name in COSTS if row.get(name)}
            for row in csv.DictReader(content.splitlines())
        }


@contextmanager
def readable(of: Revision, path: str) -> Iterator[str]:
    """What it holds, nothing where there is none; whoever cannot make sense of it need not say so."""
    try:
        yield (read(of, path) or b"").decode()
    except (ValueError, KeyError, AttributeError) as error:
        raise unreadable(path, of, error) from None


def unreadable(path: str, of: Revision, error: Exception) -> UserError:
    return UserError(f"{path} of {of} cannot be read ({reason(error)}); `dvc repro` there makes it again")


def code(old: Revision, new: Revision) -> list[str]:
    commits = [each.commit for each in (old, new) if each.commit]
    lines = git("diff", "--no-renames", "--name-status", *commits, "--", *CODE).splitlines()
    if new.commit is None:
        lines += [f"A\t{path}" for path in new_code()]
    return [f"`{path}` ({CODE_STATUS.get(kind, kind)})" for kind, path in (line.split("\t", 1) for line in lines)]


def behind(old: Revision, new: Revision) -> int:
    """Commits of the old revision that the new one does not build on: what they did shows as undone."""
    return int(git("rev-list", "--count", f"{new.commit or 'HEAD'}..{old.commit}"))


def figures(old: Revision, new: Revision, folder: Path) -> dict[str, Links]:
    """Those whose bytes differ, by name: links to GitHub where it has both revisions, else to copies in the folder."""
    github = github_project(old, new)

    def link(revision: Revision, side: str, name: str, content: bytes | None) -> str | None:
        if content is None:
            return None
        if github:
            return f"{github}/blob/{revision.commit}/{FIGURES}/{name}?raw=true"
        write_bytes(folder / side / name, content)
        return f"{side}/{name}"

    found = {}
    for name in sorted({*names(old, str(FIGURES)), *names(new, str(FIGURES))}):
        before, after = (read(each, f"{FIGURES}/{name}") for each in (old, new))
        if before != after:
            found[name] = link(old, "old", name, before), link(new, "new", name, after)
    return found


def github_project(old: Revision, new: Revision) -> str | None:
    if not (old.commit and new.commit):
        return None
    project = os.environ.get("GITHUB_REPOSITORY")  # Codespaces have it, too
    if project and os.environ.get("GITHUB_ACTIONS") == "true":  # a workflow, which runs for what has been pushed
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{project}"
    origin = "origin" in git("remote").splitlines() and GITHUB.fullmatch(git("remote", "get-url", "origin"))
    pushed = all(git("branch", "--remotes", "--contains", each.commit) for each in (old, new))
    return f"https://github.com/{origin['project']}" if origin and pushed else None
