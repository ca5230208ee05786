"""What GitHub runs: with no more rights than it needs, and with the commands that people have."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from digits.review.page import MARK

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def load(file: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(file)


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in load(file)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_may_read_the_code_and_at_most_comment(file: Path) -> None:
    assert load(file)["permissions"] in ({"contents": "read"}, {"contents": "read", "pull-requests": "write"})
    assert "pull_request_target" not in str(load(file)["on"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned_to_a_major_version_and_keep_no_token(file: Path) -> None:
    used = [step for step in steps(file) if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in used)
    [checkout] = [step for step in used if "checkout" in step["uses"]]
    assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workflows_run_the_commands_that_people_have(file: Path) -> None:
    called = re.findall(r"\bmake (\w+)", "\n".join(step.get("run", "") for step in steps(file)))
    assert called
    assert set(called) <= TARGETS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_that_others_name_is_pasted_into_a_shell(file: Path) -> None:
    assert not [step["run"] for step in steps(file) if "${{" in step.get("run", "")]


def test_the_workflow_finds_its_comment_by_the_mark_that_the_review_begins_with() -> None:
    [posts] = [step["run"] for step in steps(ROOT / ".github/workflows/review.yml") if step.get("name") == "Post it"]
    assert f'startswith("{MARK}")' in posts
