"""Differences between revisions of a small repository, after real runs of DVC."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digits.core.errors import UserError
from digits.review import revisions
from digits.review.__main__ import corrupted_images_note, revision_notes
from digits.review.revisions import Revision, file_names, load_revision
from tests.conftest import error_message
from tests.digits.review.factories import make_stored

PIPELINE = """
stages:
  evaluate:
    cmd: mkdir -p data && cp digits/a.py data/output
    deps: [digits/a.py, digits/data/corruptions.py, digits/data/dataset.py, digits/folder]
    params: [train.epochs, seeds]
    outs: [data/output]
  compare:
    cmd: mkdir -p reports && echo '{"loss":0.5}' > reports/metrics.json
    deps: [digits/b.py, data/output]
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
    "digits/folder/c.py": "\n",
    "digits/folder/deep/d.py": "\n",
    "reports/figures/unchanged.png": "unchanged",
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


def edit(folder: Path, name: str, text: str) -> list[Revision]:
    """Return the working tree with this file, and a commit with it."""
    write(folder, {name: text})
    run(folder, "git", "add", "--all")
    working_tree = load_revision("")
    run(folder, "git", "checkout", "--quiet", "--detach")
    commit(folder)
    committed = load_revision(subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip())
    run(folder, "git", "checkout", "--quiet", "main")
    write(folder, {name: text})
    return [working_tree, committed]


def test_committed_results_are_up_to_date() -> None:
    assert revisions.outdated_stages(load_revision("main")) == []


@pytest.mark.parametrize(
    ("name", "text", "stages"),
    [
        ("digits/a.py", "print(1)\n", ["evaluate"]),
        ("digits/folder/deep/d.py", "print(1)\n", ["evaluate"]),
        ("digits/folder/new.py", "print(1)\n", ["evaluate"]),
        ("digits/b.py", "print(1)\n", []),  # affects tables, not predictions
        ("params.yaml", "{train: {epochs: 3}, seeds: [1, 2], other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, seeds: [1, 2, 3], other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, other: 1}\n", ["evaluate"]),
        ("params.yaml", "{train: {epochs: 2}, seeds: [1, 2], other: 2}\n", []),  # no stage reads it
    ],
)
def test_results_of_different_code_or_parameters_are_outdated(
    folder: Path, name: str, text: str, stages: list[str]
) -> None:
    assert [revisions.outdated_stages(revision) for revision in edit(folder, name, text)] == [stages, stages]


def test_corruption_code_is_the_code_that_evaluate_ran(folder: Path) -> None:
    code = revisions.corruption_code(load_revision("main"))
    assert code == revisions.local_corruption_code(["digits/data/corruptions.py"])
    for revision in edit(folder, "digits/data/corruptions.py", "KINDS = 4\n"):
        assert revisions.corruption_code(revision) == code != revisions.local_corruption_code(code)
    (folder / "digits/data/corruptions.py").unlink()
    assert revisions.local_corruption_code(code) == {}


def test_corrupted_images_of_different_or_unknown_code_are_not_compared(folder: Path) -> None:
    stored = make_stored(cnn=9), make_stored(cnn=9)
    main, without_corrupted = load_revision("main"), stored[0].without_corrupted_images()
    note = corrupted_images_note((main, main), (without_corrupted, stored[1]))
    assert f"{main} stored no predictions for them" in note
    assert corrupted_images_note((main, main), stored) == ""
    for head in edit(folder, "digits/data/dataset.py", "READS = 2\n"):
        assert corrupted_images_note((main, head), stored) == ""
    for unknown in edit(folder, "dvc.yaml", PIPELINE.replace("digits/data/corruptions.py, ", "")):
        assert "the code that corrupts them" in corrupted_images_note((unknown, unknown), stored)


def test_new_code_is_an_uncommitted_change(folder: Path) -> None:
    write(folder, {"notes.txt": "Buy milk.\n"})
    assert load_revision("").commit
    write(folder, {"digits/new.py": "print()\n"})
    assert load_revision("").commit is None
    assert revisions.changed_code(load_revision("main"), load_revision("")) == ["`digits/new.py` (new)"]


def test_differences_of_parameters_and_metrics_are_those_of_dvc(folder: Path) -> None:
    base = load_revision("main")
    for head in edit(folder, "params.yaml", "{train: {epochs: 3, more: 0.5}, seeds: [1, 2]}\n"):
        assert revisions.differences("params", base, head) == [
            ("other", 1, None),
            ("train.epochs", 2, 3),
            ("train.more", None, 0.5),
        ]
    for head in edit(folder, "reports/metrics.json", '{"loss": 0.25}'):
        assert revisions.differences("metrics", base, head) == [("loss", 0.5, 0.25)]
    assert revisions.differences("params", base, base) == revisions.differences("metrics", base, base) == []


def test_a_revision_with_former_names_of_metrics_gets_one_note(folder: Path) -> None:
    _, former = edit(folder, "reports/metrics.json", '{"mlp": {"seen_accuracy": 0.5, "unseen_accuracy": 0.5}}')
    new_names = '{"mlp": {"trained_corruptions_accuracy": 0.5, "held_out_corruptions_accuracy": 0.5}}'
    write(folder, {"reports/metrics.json": new_names})
    renamed = load_revision("")

    def notes(base: Revision, head: Revision) -> list[str]:
        metrics = revisions.differences("metrics", base, head)
        return [note for note in revision_notes(base, head, metrics) if "former names" in note]

    [note] = notes(former, renamed)
    assert note.startswith(f"{former} has metrics with former names (such as `seen_accuracy`)")
    write(folder, {"reports/metrics.json": '{"mlp": {"seen_accuracy": 0.6, "unseen_accuracy": 0.5}}'})
    assert notes(former, load_revision("")) == []


def test_an_earlier_revision_may_lack_reports_and_predictions() -> None:
    main = load_revision("main")
    assert revisions.digest_of_test_images(main) is None
    assert revisions.read_costs(main) == {}
    assert file_names(main, "data/predictions") == []


def test_an_unknown_name_is_an_error() -> None:
    assert error_message(load_revision, "nosuch").startswith("unknown Git revision 'nosuch': no branch, tag, commit")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("params.yaml", "<<<<<<< HEAD\ntrain: 1\n"),
        ("params.yaml", ""),
        ("dvc.yaml", "stages: {evaluate: {cmd: [\n"),
        ("dvc.lock", "stages:\n<<<<<<< HEAD\n"),
    ],
)
def test_a_revision_with_broken_files_is_an_error_in_one_line(folder: Path, name: str, text: str) -> None:
    write(folder, {"dvc.yaml": PIPELINE.replace("cp digits/a.py", "cp ${other}"), name: text})
    assert error_message(load_revision, "").startswith("the working tree cannot be read: ")


@pytest.mark.parametrize("name", ["main:params.yaml", "main^{tree}"])
def test_a_file_or_a_folder_is_not_a_commit(name: str) -> None:
    assert "not a commit" in error_message(load_revision, name)


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("data.json", b'{"splits": {', revisions.digest_of_test_images),
        ("data.json", b"[]", revisions.digest_of_test_images),
        ("comparison.csv", b"family,variant\n\xff", revisions.read_costs),
        ("comparison.csv", b"<<<<<<< HEAD\nmlp,tuned\n", revisions.read_costs),
        ("comparison.csv", b"family,variant,parameters\nmlp,tuned,many\n", revisions.read_costs),
        ("metrics.json", b'{"loss": ', lambda head: revisions.differences("metrics", load_revision("main"), head)),
    ],
)
def test_broken_reports_are_an_error_in_one_line(
    folder: Path, name: str, content: bytes, read: Callable[[Revision], object]
) -> None:
    write(folder, {"digits/new.py": ""})
    (folder / "reports" / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"^reports/{name} of the working tree cannot be read \(.+`dvc repro`[^\n]+$"):
        read(load_revision(""))


def test_changed_figures_are_copied_or_linked_in_a_workflow(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, (working_tree, committed) = load_revision("main"), edit(folder, "reports/figures/new.png", "new")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/digits")  # as in Codespaces
    copies = {"new.png": (None, "head/new.png")}
    assert revisions.changed_figures(main, committed, tmp_path) == copies
    assert (tmp_path / "head/new.png").read_text() == "new"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert revisions.changed_figures(main, working_tree, tmp_path) == copies
    link = f"https://github.com/team/digits/blob/{committed.commit}/reports/figures/new.png?raw=true"
    assert revisions.changed_figures(main, committed, tmp_path) == {"new.png": (None, link)}


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
def test_the_url_of_a_remote_names_the_project_on_github(url: str, project: str | None) -> None:
    match = revisions.GITHUB.fullmatch(url)
    assert (match and match["project"]) == project
