"""Check the workflows on GitHub: their permissions, and that they run commands of the Makefile."""

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
def test_a_workflow_may_only_read_code_and_write_comments(file: Path) -> None:
    assert load(file)["permissions"] in ({"contents": "read"}, {"contents": "read", "pull-requests": "write"})
    assert "pull_request_target" not in str(load(file)["on"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned_to_a_major_version_and_store_no_token(file: Path) -> None:
    actions = [step for step in steps(file) if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in actions)
    [checkout] = [step for step in actions if "checkout" in step["uses"]]
    assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workflows_run_targets_of_the_makefile(file: Path) -> None:
    targets = re.findall(r"\bmake (\w+)", "\n".join(step.get("run", "") for step in steps(file)))
    assert targets
    assert set(targets) <= TARGETS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shell_commands_contain_no_expressions(file: Path) -> None:
    assert not [step["run"] for step in steps(file) if "${{" in step.get("run", "")]


def test_the_workflow_finds_its_comment_by_the_mark_of_the_review() -> None:
    [command] = [
        step["run"] for step in steps(ROOT / ".github/workflows/review.yml") if step.get("name") == "Post the comment"
    ]
    assert f'startswith("{MARK}")' in command
