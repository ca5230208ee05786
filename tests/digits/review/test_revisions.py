"""What differs between revisions of a small repository that DVC has really run."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digits.core.errors import UserError
from digits.review import revisions
from digits.review.__main__ import why_corrupted_images_are_not_compared
from digits.review.revisions import Revision, names, revision
from tests.conftest import complaint
from tests.digits.review.sides import side

PIPELINE = """
stages:
  evaluate:
    cmd: mkdir -p data && cp digits/a.py data/answers
    deps: [digits/a.py, digits/data/corruptions.py, digits/data/dataset.py, digits/room]
    params: [train.epochs, seeds]
    outs: [data/answers]
  compare:
    cmd: mkdir -p reports && echo '{"loss":0.5}' > reports/metrics.json
    deps: [digits/b.py, data/answers]
    metrics:
      - reports/metrics.json: {cache: false}
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "params.yaml": "{train: {epochs: 2}, seeds: [1, 2], other: 1}\n",
    "digits/a.py": "print()\n",
    "digits/b.py": "print()\n",
    "digits/data/corruptions.py": "KINDS = 3\n",
    "digits/data/dataset.py": "\n",
    "digits/room/c.py": "\n",
    "digits/room/deep/d.py": "\n",
    "reports/figures/same.png": "the same",
    ".gitignore": "/data/\n",
}


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def commit(folder: Path) -> None:
    run(folder, "git", "add", "--all")
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    run(folder, "git", *identity, "commit", "--quiet", "--message", "Run")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    write(folder, FILES)
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "dvc", "init", "--quiet")
    run(folder, "dvc", "repro", "--quiet")
    commit(folder)
    return folder


@pytest.fixture(autouse=True)
def folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(repository)
    yield repository
    run(repository, "git", "reset", "--quiet", "--hard", "main")
    run(repository, "git", "clean", "--quiet", "--force", "-d")


def edited(folder: Path, name: str, text: str) -> list[Revision]:
    """In the working tree, and committed."""
    write(folder, {name: text})
    run(folder, "git", "add", "--all")
    here = revision("")
    run(folder, "git", "checkout", "--quiet", "--detach")
    commit(folder)
    there = revision(subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip())
    run(folder, "git", "checkout", "--quiet", "main")
    write(folder, {name: text})
    return [here, there]


def test_results_made_by_what_lies_beside_them_are_up_to_date() -> None:
    assert revisions.outdated_stages(revision("main")) == []


@pytest.mark.parametrize(
    ("name", "text", "stages"),
    [
        ("digits/a.py", "print(1)\n", ["evaluate"]),
        ("digits/room/deep/d.py", "print(1)\n", ["evaluate"]),
        ("digits/room/new.py", "print(1)\n", ["evaluate"]),
        ("digits/b.py", "print(1)\n", []),  # decides tables, not answers
        ("params.yaml", "{train: {epochs: 3}, seeds: [1, 2], other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, seeds: [1, 2, 3], other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, seeds: [1, 2], other: 2}\n", []),  # no stage reads it
    ],
)
def test_what_answers_depend_on_is_held_against_dvc_lock(folder: Path, name: str, text: str, stages: list[str]) -> None:
    assert [revisions.outdated_stages(each) for each in edited(folder, name, text)] == [stages, stages]


def test_which_code_made_corrupted_images_is_what_evaluate_ran_with(folder: Path) -> None:
    ran = revisions.corruption_code(revision("main"))
    assert ran == revisions.local_corruption_code(["digits/data/corruptions.py"])
    for new in edited(folder, "digits/data/corruptions.py", "KINDS = 4\n"):
        assert revisions.corruption_code(new) == ran != revisions.local_corruption_code(ran)
    (folder / "digits/data/corruptions.py").unlink()
    assert revisions.local_corruption_code(ran) == {}


def test_corrupted_images_are_compared_where_the_code_that_makes_them_is_known_and_the_same(folder: Path) -> None:
    found = side(cnn=9), side(cnn=9)
    main, earlier = revision("main"), found[0].without_corrupted_images()
    assert why_corrupted_images_are_not_compared((main, main), (earlier, found[1])).endswith(f"for {main} stored none.")
    assert why_corrupted_images_are_not_compared((main, main), found) == ""
    for new in edited(folder, "digits/data/dataset.py", "READS = 2\n"):
        assert why_corrupted_images_are_not_compared((main, new), found) == ""
    for nameless in edited(folder, "dvc.yaml", PIPELINE.replace("digits/data/corruptions.py, ", "")):
        assert "do not make the same ones" in why_corrupted_images_are_not_compared((nameless, nameless), found)


def test_a_working_tree_with_new_code_is_not_what_is_committed(folder: Path) -> None:
    write(folder, {"notes.txt": "Buy milk.\n"})
    assert revision("").commit
    write(folder, {"digits/new.py": "print()\n"})
    assert revision("").commit is None
    assert revisions.code(revision("main"), revision("")) == ["`digits/new.py` (new)"]


def test_parameters_and_metrics_that_differ_are_those_that_dvc_finds(folder: Path) -> None:
    old = revision("main")
    for new in edited(folder, "params.yaml", "{train: {epochs: 3, more: 0.5}, seeds: [1, 2]}\n"):
        assert revisions.differences("params", old, new) == [
            ("other", 1, None),
            ("train.epochs", 2, 3),
            ("train.more", None, 0.5),
        ]
    for new in edited(folder, "reports/metrics.json", '{"loss": 0.25}'):
        assert revisions.differences("metrics", old, new) == [("loss", 0.5, 0.25)]
    assert revisions.differences("params", old, old) == revisions.differences("metrics", old, old) == []


def test_what_an_earlier_revision_did_not_store_yet_is_not_there() -> None:
    main = revision("main")
    assert (revisions.test_images(main), revisions.costs(main), names(main, "data/predictions")) == (None, {}, [])


def test_a_name_that_nobody_knows_is_an_error_that_says_what_there_may_be() -> None:
    assert complaint(revision, "nosuch").startswith("unknown Git revision 'nosuch': no branch, tag, commit")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("params.yaml", "<<<<<<< HEAD\ntrain: 1\n"),
        ("params.yaml", ""),
        ("dvc.yaml", "stages: {evaluate: {cmd: [\n"),
        ("dvc.lock", "stages:\n<<<<<<< HEAD\n"),
    ],
)
def test_a_revision_whose_files_are_broken_is_one_line(folder: Path, name: str, text: str) -> None:
    write(folder, {"dvc.yaml": PIPELINE.replace("cp digits/a.py", "cp ${other}"), name: text})
    assert complaint(revision, "").startswith("the working tree cannot be read: ")


@pytest.mark.parametrize("name", ["main:params.yaml", "main^{tree}"])
def test_what_is_no_commit_is_one_line(name: str) -> None:
    assert "not a commit" in complaint(revision, name)


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("data.json", b'{"splits": {', revisions.test_images),
        ("data.json", b"[]", revisions.test_images),
        ("comparison.csv", b"family,variant\n\xff", revisions.costs),
        ("comparison.csv", b"<<<<<<< HEAD\nmlp,tuned\n", revisions.costs),
        ("comparison.csv", b"family,variant,parameters\nmlp,tuned,many\n", revisions.costs),
        ("metrics.json", b'{"loss": ', lambda new: revisions.differences("metrics", revision("main"), new)),
    ],
)
def test_reports_that_are_broken_are_one_line(
    folder: Path, name: str, content: bytes, read: Callable[[Revision], object]
) -> None:
    write(folder, {"digits/new.py": ""})
    (folder / "reports" / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"^reports/{name} of the working tree cannot be read \(.+makes it again$"):
        read(revision(""))


def test_figures_that_differ_are_copied_or_linked_where_a_workflow_has_both_revisions(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, (here, there) = revision("main"), edited(folder, "reports/figures/new.png", "new")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/digits")  # as in Codespaces
    copied = {"new.png": (None, "new/new.png")}
    assert revisions.figures(main, there, tmp_path) == copied
    assert (tmp_path / "new/new.png").read_text() == "new"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert revisions.figures(main, here, tmp_path) == copied
    link = f"https://github.com/team/digits/blob/{there.commit}/reports/figures/new.png?raw=true"
    assert revisions.figures(main, there, tmp_path) == {"new.png": (None, link)}


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://github.com/team/digits.git", "team/digits"),
        ("https://github.com/team/digits", "team/digits"),
        ("git@github.com:team/digits.git", "team/digits"),
        ("ssh://git@github.com/team/digits.git", "team/digits"),
        ("https://example.org/team/digits.git", None),
        ("/somewhere/github.com/team/digits", None),
    ],
)
def test_a_project_on_github_is_known_by_its_remote(url: str, project: str | None) -> None:
    found = revisions.GITHUB.fullmatch(url)
    assert (found and found["project"]) == project
