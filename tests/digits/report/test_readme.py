import pytest

from digits.core.errors import UserError
from digits.report.readme import DETAILS, END, FILE, START, main, replace_between
from tests.conftest import ROOT

README = f"# Digits\n\n{START}\n| old |\n{END}\n\nMore.\n"
COMPARISON = "# Baseline against tuned\n\n| new |\n\nNote.\n\n## All metrics\n\n| other |\n"


@pytest.fixture
def reports(project):
    (project / "reports").mkdir()
    (project / "reports/comparison.md").write_text(COMPARISON)
    FILE.write_text(README, encoding="utf-8")


@pytest.mark.parametrize("text", ["", "# Digits\n", START, END, f"{END}\n{START}\n"])
def test_both_marks_are_required_in_their_order(text, project):
    FILE.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"^README.md lacks the marks .+; restore them$"):
        replace_between(FILE, START, END, "| new |\n")


def test_the_overview_replaces_the_old_results(reports):
    main()
    assert FILE.read_text(encoding="utf-8") == f"# Digits\n\n{START}\n| new |\n\nNote. {DETAILS}\n{END}\n\nMore.\n"


def test_the_details_are_linked():
    assert "](reports/comparison.md)" in DETAILS


def test_an_up_to_date_readme_is_not_rewritten(reports):
    main()
    before = FILE.stat()
    main()
    assert (FILE.stat().st_ino, FILE.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_changes_nothing_and_names_the_command(reports):
    with pytest.raises(UserError, match=r"differ from reports/comparison\.md; `make readme`"):
        main("--check")
    assert FILE.read_text(encoding="utf-8") == README
    main()
    main("--check")


def test_the_committed_readme_has_the_results_of_the_last_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    main("--check")
