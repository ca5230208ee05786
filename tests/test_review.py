"""Review changes that were run, and review them in a clone that has only the git repository and S3.

All tests share one project. In the experiment `timid`, the baseline hardly learns. The branch `prettier` changes only
figures.
"""

import json
import re
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest

from tests.pipeline import change, commit, copy_project, executed_stages, locked_stages, run
from tests.servers import S3, s3

pytestmark = pytest.mark.slow

IMAGE_LINK = re.compile(r"!\[[^]]*\]\(([^)]+)\)")
ENVIRONMENT = ["env", "DIGITS_TRACKING=off", *(f"{name}={value}" for name, value in S3.items())]


def dvc(folder: Path, *arguments: str) -> str:
    return run(folder, *ENVIRONMENT, "dvc", *arguments)


def review(folder: Path, base: str, head: str = "", ok: bool = True) -> str:
    output = run(folder, *ENVIRONMENT, "python", "-m", "digits.review", base, head, ok=ok)
    page = folder / ".review/review.md"
    assert not page.exists() or page.read_text() in output
    return output


def advice(page: str) -> str:
    return page.split("\n\n")[2]


@pytest.fixture(scope="module")
def shared_project(finished_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = copy_project(finished_project, tmp_path_factory.mktemp("review") / "project")
    with s3("digits") as endpoint:
        dvc(folder, "remote", "add", "--default", "storage", "s3://digits/dvc")
        dvc(folder, "remote", "modify", "storage", "endpointurl", endpoint)
        dvc(folder, "add", "--quiet", "data/own/stripes.npz")
        dvc(folder, "repro")
        commit(folder)
        # DVC reads the remote from an experiment's own commit, so it must be configured before.
        slow_learning = ("--set-param", "models.mlp.learning_rate=0.000001")
        dvc(folder, "exp", "run", "--quiet", "--name", "timid", *slow_learning, "compare", "plot")
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
def project(shared_project: Path) -> Iterator[Path]:
    """The shared project; edits are undone after each test."""
    yield shared_project
    run(shared_project, "git", "checkout", "--quiet", "--force", "main")


@pytest.fixture(scope="module")
def page_of_worse(shared_project: Path) -> str:
    return review(shared_project, "main", "timid")


@pytest.fixture(scope="module")
def origin(shared_project: Path) -> Path:
    """A bare git repository; the files of `main` are in S3, those of `timid` are not."""
    dvc(shared_project, "push", "--quiet")
    origin = shared_project.parent / "origin.git"
    run(shared_project, "git", "clone", "--quiet", "--bare", str(shared_project), str(origin))
    run(shared_project, "git", "remote", "add", "origin", str(origin))
    dvc(shared_project, "exp", "push", "--quiet", "--no-cache", "origin", "timid")
    return origin


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", str(origin), str(clone))
    dvc(clone, "exp", "pull", "--quiet", "--no-cache", "origin", "timid")
    return clone


@pytest.fixture
def foreign_project(finished_project: Path, tmp_path: Path) -> Path:
    """Results of another machine at HEAD, whose files are missing here, and this machine's results in the workspace."""
    folder = copy_project(finished_project, tmp_path / "project")
    lock = folder / "dvc.lock"
    own_lock = foreign_lock = lock.read_text()
    for stage in locked_stages(folder).values():
        for file in (*stage["deps"], *stage.get("outs", ())):
            if file["path"].startswith(("models", "data/predictions")):
                foreign_lock = foreign_lock.replace(
                    file["md5"], md5(file["md5"].encode()).hexdigest() + file["md5"][32:]
                )
    lock.write_text(foreign_lock)
    commit(folder)
    lock.write_text(own_lock)
    return folder


def test_a_worse_change_is_not_merged(page_of_worse: str) -> None:
    assert advice(page_of_worse).startswith("**Do not merge:** mlp baseline is worse in ")
    assert re.search("^- mlp baseline: worse in test accuracy, loss, .*held-out corruptions", page_of_worse, re.M)
    assert "| `models.mlp.learning_rate` | `0.001` | `1e-06` |" in page_of_worse


def test_a_change_of_figures_alone_is_not_measurable(project: Path) -> None:
    page = review(project, run(project, "git", "rev-parse", "main").strip(), "prettier")
    assert advice(page).startswith("**No measurable change:** the predictions of all models are identical")
    assert "`digits/report/figures/style.py` (changed)" in page
    links = IMAGE_LINK.findall(page)
    assert {"base/mlp-training.png", "head/mlp-training.png"} <= set(links)
    assert all((project / ".review" / link).read_bytes().startswith(b"\x89PNG") for link in links)


def test_a_base_with_former_names_is_reviewed_with_one_note(project: Path) -> None:
    run(project, "git", "checkout", "--quiet", "-b", "former")
    former_names = {
        "reports/metrics.json": {"held_out_corruptions_": "unseen_", "trained_corruptions_": "seen_"},
        "dvc.yaml": {"validation_corrupted": "hard"},
        "dvc.lock": {"validation_corrupted": "hard"},
    }
    for name, replacements in former_names.items():
        text = (project / name).read_text()
        for current, former in replacements.items():
            assert current in text
            text = text.replace(current, former)
        (project / name).write_text(text)
    commit(project)
    run(project, "git", "checkout", "--quiet", "main")
    page = review(project, "former", "main")
    assert advice(page).startswith("**No measurable change:**")
    [note] = [line for line in page.splitlines() if "former names" in line]
    assert note.startswith("> `former` (")
    assert "such as `seen_accuracy`" in note


def test_images_corrupted_by_different_code_are_not_compared(project: Path) -> None:
    code = project / "digits/data/corruptions.py"
    code.write_text(code.read_text() + "# other\n")
    page = review(project, "main", "timid")
    assert "Corrupted images are not compared: the code that corrupts them" in page
    assert "| mlp baseline | Held-out corruptions | " not in page


def test_results_of_different_parameters_get_no_recommendation(project: Path) -> None:
    change(project, {"train.epochs": 5})
    page = review(project, "main")
    assert advice(page).startswith("**No recommendation yet:** The results of the working tree")
    assert "| `train.epochs` | `2` | `5` |" in page


def test_a_clone_has_the_same_review_after_the_experiment_is_pushed(
    project: Path, clone: Path, page_of_worse: str
) -> None:
    output = review(clone, "main", "timid", ok=False)
    assert "neither in DVC's cache nor in its remote `storage`" in output.splitlines()[-1]
    assert advice(output).startswith("**No recommendation:** the stored predictions of `timid` (")
    assert "| `models.mlp.learning_rate` | `0.001` | `1e-06` |" in output
    dvc(project, "exp", "push", "--quiet", "origin", "timid")
    assert advice(review(clone, "main", "timid")) == advice(page_of_worse)
    assert not (clone / "data/predictions").exists()


def test_a_clone_reproduces_the_pulled_results_without_training(clone: Path) -> None:
    dvc(clone, "pull", "--quiet")
    assert executed_stages(dvc(clone, "repro")) <= {"track"}
    assert run(clone, "git", "status", "--porcelain") == ""


def test_different_test_images_are_not_compared(project: Path) -> None:
    data = project / "reports/data.json"
    digest = json.loads(data.read_text())["splits"]["test"]["sha256"]
    data.write_text(data.read_text().replace(digest, "0" * 64))
    page = review(project, "main")
    assert advice(page).startswith("**No recommendation:** base and head predicted different test images")


def test_no_model_is_trained_again_where_the_committed_results_are_of_another_machine(foreign_project: Path) -> None:
    stages = locked_stages(foreign_project)
    error = review(foreign_project, "main", ok=False).splitlines()[-1]
    assert "the stored predictions of `main` (" in error
    assert "commit dvc.lock and reports/ if they differ on this machine" in error
    change(foreign_project, {"models.mlp.learning_rate": 0.000001})
    assert executed_stages(dvc(foreign_project, "repro", "train_baseline@mlp")) == {"check", "train_baseline@mlp"}
    # README's way back.
    run(foreign_project, "git", "checkout", "params.yaml")
    assert executed_stages(dvc(foreign_project, "repro", "compare", "plot")) == {"check"}
    assert locked_stages(foreign_project) == stages
    assert run(foreign_project, "git", "status", "--porcelain") == " M dvc.lock\n"
