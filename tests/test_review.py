"""`make review` on changes that were really run, and by a colleague who has the git repository, S3, and nothing else.

One project for all. In the experiment `timid` the baseline hardly learns; the branch `prettier` only draws anew.
"""

import json
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.pipeline import change, commit, copied, ran, run
from tests.servers import S3, s3

pytestmark = pytest.mark.slow

PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
ENVIRONMENT = ["env", "DIGITS_TRACKING=off", *(f"{name}={value}" for name, value in S3.items())]

# What oneDNN's convolutions and products are limited to: so another processor rounds.
OLDER = ["env", "DIGITS_TRACKING=off", "ONEDNN_MAX_CPU_ISA=SSE41"]


def dvc(folder: Path, *arguments: str) -> str:
    return run(folder, *ENVIRONMENT, "dvc", *arguments)


def review(folder: Path, base: str, head: str = "", ok: bool = True) -> str:
    said = run(folder, *ENVIRONMENT, "python", "-m", "digits.review", base, head, ok=ok)
    page = folder / ".review/review.md"
    assert not page.exists() or page.read_text() in said
    return said


def advice(page: str) -> str:
    return page.split("\n\n")[2]


@pytest.fixture(scope="module")
def changed(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = copied(undisturbed, tmp_path_factory.mktemp("review") / "project")
    with s3("digits") as endpoint:
        dvc(folder, "remote", "add", "--default", "storage", "s3://digits/dvc")
        dvc(folder, "remote", "modify", "storage", "endpointurl", endpoint)
        dvc(folder, "add", "--quiet", "data/own/stripes.npz")
        dvc(folder, "repro")
        commit(folder)
        # DVC looks for the remote in an experiment's own commit: so it was there before.
        hardly = ("--set-param", "models.mlp.learning_rate=0.000001")
        dvc(folder, "exp", "run", "--quiet", "--name", "timid", *hardly, "compare", "plot")
        run(folder, "git", "checkout", "--quiet", "--force", "-b", "prettier")
        dvc(folder, "checkout", "--quiet")
        style = folder / "digits/report/figures/style.py"
        style.write_text(style.read_text().replace('"font.size": 8', '"font.size": 9'))
        dvc(folder, "repro", "--quiet", "plot")
        commit(folder)
        run(folder, "git", "checkout", "--quiet", "main")
        dvc(folder, "checkout", "--quiet")
        yield folder


@pytest.fixture
def project(changed: Path) -> Iterator[Path]:
    """What a test edits there is undone after it."""
    yield changed
    run(changed, "git", "checkout", "--quiet", "--force", "main")


@pytest.fixture(scope="module")
def worse(changed: Path) -> str:
    """The page of a change for the worse."""
    return review(changed, "main", "timid")


@pytest.fixture(scope="module")
def origin(changed: Path) -> Path:
    """The git repository that all share; the files of `main` are in S3, those of `timid` are not."""
    dvc(changed, "push", "--quiet")
    origin = changed.parent / "origin.git"
    run(changed, "git", "clone", "--quiet", "--bare", str(changed), str(origin))
    run(changed, "git", "remote", "add", "origin", str(origin))
    dvc(changed, "exp", "push", "--quiet", "--no-cache", "origin", "timid")
    return origin


@pytest.fixture
def colleague(origin: Path, tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", str(origin), str(clone))
    dvc(clone, "exp", "pull", "--quiet", "--no-cache", "origin", "timid")
    return clone


@pytest.fixture(scope="module")
def elsewhere(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed results, without a part of their files, and `dvc repro` on a processor that rounds otherwise."""
    folder = copied(undisturbed, tmp_path_factory.mktemp("elsewhere") / "project")
    stages = YAML(typ="safe").load(folder / "dvc.lock")["stages"]
    lost = [stages[stage]["outs"][0] for stage in ("train_baseline@mlp", "evaluate")]
    for output in lost:
        shutil.rmtree(folder / output["path"])
        (folder / ".dvc/cache/files/md5" / output["md5"][:2] / output["md5"][2:]).unlink()
    shutil.rmtree(folder / ".dvc/cache/runs")
    run(folder, *OLDER, "dvc", "repro", "compare", "plot")
    changed = YAML(typ="safe").load(folder / "dvc.lock")["stages"]
    assert not any(output in (changed["train_baseline@mlp"]["outs"] + changed["evaluate"]["outs"]) for output in lost)
    return folder


def test_a_change_for_the_worse_is_not(worse: str) -> None:
    assert advice(worse).startswith("**Do not merge:** mlp baseline is worse in ")
    assert re.search("^- mlp baseline: worse in test accuracy, loss, .*held-out corruptions", worse, re.M)
    assert "| `models.mlp.learning_rate` | `0.001` | `1e-06` |" in worse


def test_a_change_that_no_answer_shows_is_decided_on_other_grounds(project: Path) -> None:
    page = review(project, run(project, "git", "rev-parse", "main").strip(), "prettier")
    assert advice(page).startswith("**No measurable change:** every model gives the same answers")
    assert "`digits/report/figures/style.py` (changed)" in page
    links = PICTURE.findall(page)
    assert {"old/mlp-training.png", "new/mlp-training.png"} <= set(links)
    assert all((project / ".review" / link).read_bytes().startswith(b"\x89PNG") for link in links)


def test_corrupted_images_that_other_code_made_are_not_compared(project: Path) -> None:
    code = project / "digits/data/corruptions.py"
    code.write_text(code.read_text() + "# other\n")
    page = review(project, "main", "timid")
    assert "and the code here do not make the same ones." in page
    assert "| mlp baseline | Held-out corruptions | " not in page


def test_results_of_other_parameters_than_lie_beside_them_are_not_judged(project: Path) -> None:
    change(project, {"train.epochs": 5})
    page = review(project, "main")
    assert advice(page).startswith("**No recommendation yet:** The results of the working tree")
    assert "| `train.epochs` | `2` | `5` |" in page


def test_a_colleague_sees_the_same_review_once_the_files_of_the_experiment_are_shared(
    project: Path, colleague: Path, worse: str
) -> None:
    said = review(colleague, "main", "timid", ok=False)
    assert "neither in DVC's cache nor in its remote `storage`" in said.splitlines()[-1]
    assert advice(said).startswith("**No recommendation:** the stored probabilities of `timid` (")
    assert "| `models.mlp.learning_rate` | `0.001` | `1e-06` |" in said
    dvc(project, "exp", "push", "--quiet", "origin", "timid")
    assert advice(review(colleague, "main", "timid")) == advice(worse)
    assert not (colleague / "data/predictions").exists()


def test_a_colleague_pulls_and_repeats_everything_without_training(colleague: Path) -> None:
    dvc(colleague, "pull", "--quiet")
    assert ran(dvc(colleague, "repro")) <= {"track"}
    assert run(colleague, "git", "status", "--porcelain") == ""


def test_other_test_images_are_not_compared(project: Path) -> None:
    data = project / "reports/data.json"
    digest = json.loads(data.read_text())["splits"]["test"]["sha256"]
    data.write_text(data.read_text().replace(digest, "0" * 64))
    page = review(project, "main")
    assert advice(page).startswith("**No recommendation:** the two sides were asked about different")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN chooses among instruction sets of x86 processors")
def test_committed_results_of_another_processor_are_reviewed_by_what_this_one_made_of_the_same(elsewhere: Path) -> None:
    page = review(elsewhere, "main")
    assert advice(page).startswith("**No measurable change:** every model gives the same answers")
    assert "\n> The answers of `main` (" in page
