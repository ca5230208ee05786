"""The two sides of a review: the project at a branch, a commit or an experiment, or as it lies in the working tree."""

import io
from dataclasses import dataclass, replace

import numpy as np
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo

from digits.common.errors import UserError, reason
from digits.common.git import git
from digits.common.paths import PREDICTIONS
from digits.evaluation import robustness
from digits.review.run_cache import take_what_was_made_here

CODE = ("digits", "stages", "dvc.yaml", "requirements.txt")


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


@dataclass(frozen=True)
class Stored:
    """What `evaluate` wrote, but for the images: probabilities, labels and, if any, what was right on hard images."""

    arrays: dict[str, np.ndarray]
    made_here: bool  # in place of what is not to be had


def revision(name: str) -> Revision:
    """By the name of a branch, tag, commit or experiment; without one, what lies here, committed or not."""
    if not name and not git("status", "--porcelain", "--untracked-files=no") and not new_code():
        branch = git("rev-parse", "--abbrev-ref", "HEAD")
        name = git("rev-parse", "HEAD")[:7] if branch == "HEAD" else branch
    files = files_at(name)
    try:
        return Revision(name, files.repo.get_rev() if name else None, files)
    except DvcException as error:
        raise UserError(
            f"{reason(error)}: no branch, tag, commit or experiment here; `git branch --all` and "
            "`dvc exp list --all-commits` say what there is, `git fetch` and `dvc exp pull` get what others have"
        ) from None


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
    return {name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in contents.items()}


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
