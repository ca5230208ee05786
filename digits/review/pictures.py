"""Figures old and new: links that open on the project's page, or copies beside the text where there is no such page."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from digits.common.files import replacing
from digits.common.paths import REPORTS
from digits.review.revisions import Revision, git, names, read

FIGURES = REPORTS / "figures"
GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:](?P<project>[^/]+/[^/]+?)(?:\.git)?/?")
Links = tuple[str | None, str | None]  # old and new


def differing(old: Revision, new: Revision, folder: Path) -> dict[str, Links]:
    """By name. Only those whose bytes differ."""
    page = page_of(old, new)

    def link(side: Revision, part: str, name: str, content: bytes | None) -> str | None:
        if content is None:
            return None
        return f"{page}/blob/{side.commit}/{FIGURES}/{name}?raw=true" if page else copy(folder, part, name, content)

    found = {}
    for name in sorted({*names(old, str(FIGURES)), *names(new, str(FIGURES))}):
        before, after = (read(side, f"{FIGURES}/{name}") for side in (old, new))
        if before != after:
            found[name] = link(old, "old", name, before), link(new, "new", name, after)
    return found


def page_of(old: Revision, new: Revision) -> str | None:
    """Where GitHub shows both sides."""
    if not (old.commit and new.commit):
        return None
    if project := os.environ.get("GITHUB_REPOSITORY"):  # in a workflow, which runs for what has been pushed
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{project}"
    origin = "origin" in git("remote").splitlines() and GITHUB.fullmatch(git("remote", "get-url", "origin"))
    pushed = all(git("branch", "--remotes", "--contains", side.commit) for side in (old, new))
    return f"https://github.com/{origin['project']}" if origin and pushed else None


def copy(folder: Path, part: str, name: str, content: bytes) -> str:
    with replacing(folder / part / name) as temporary:
        temporary.write_bytes(content)
    return f"{part}/{name}"


def markdown(figures: Mapping[str, Links]) -> str:
    rows = [f"| {picture(name, 'old', old)} | {picture(name, 'new', new)} |" for name, (old, new) in figures.items()]
    return "\n".join(("| Old | New |", "|---|---|", *rows)) if rows else ""


def picture(name: str, part: str, link: str | None) -> str:
    return f"{name}<br>![{name}, {part}]({link})" if link else "–"
