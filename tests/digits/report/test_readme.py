import pytest

from digits.core.errors import UserError
from digits.report.readme import END, FILE, START, between, main
from tests.conftest import ROOT

README = f"# Digits\n\n{START}\n| old |\n{END}\n\nMore.\n"


@pytest.fixture
def reported(project):
    (project / "reports").mkdir()
    (project / "reports/comparison.md").write_text("# Baseline against tuned\n\n| new |\n\n## More\n\n| else |\n")
    FILE.write_text(README, encoding="utf-8")


@pytest.mark.parametrize("text", ["", "# Digits\n", START, END, f"{END}\n{START}\n"])
def test_both_marks_are_needed_in_their_order(text, project):
    FILE.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"^README.md lacks the marks .+; put them back$"):
        between(FILE, START, END, "| new |\n")


def test_results_take_the_place_of_the_old_ones(reported):
    main()
    assert FILE.read_text(encoding="utf-8") == f"# Digits\n\n{START}\n| new |\n{END}\n\nMore.\n"


def test_a_readme_that_has_the_results_is_left_alone(reported):
    main()
    before = FILE.stat()
    main()
    assert (FILE.stat().st_ino, FILE.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_check_changes_nothing_and_names_the_command(reported):
    with pytest.raises(UserError, match=r"not those of reports/comparison\.md; `make readme`"):
        main("--check")
    assert FILE.read_text(encoding="utf-8") == README
    main()
    main("--check")


def test_the_committed_readme_has_the_results_of_the_last_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    main("--check")
