import pytest

from digits.core.errors import UserError
from digits.report.readme import END, FILE, START, between, check, write_results
from tests.conftest import ROOT

README = f"# Digits\n\n{START}\n| old |\n{END}\n\nMore.\n"


@pytest.mark.parametrize("text", ["", "# Digits\n", START, END, f"{END}\n{START}\n"])
def test_without_both_marks_in_their_order_one_line_says_what_to_put_back(text, project):
    FILE.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        between(FILE, START, END, "| new |\n")
    assert str(caught.value) == (
        "README.md lacks the marks <!-- results: written by `dvc repro` --> and <!-- end of results --> "
        "between which the results belong; put them back"
    )


def test_the_table_takes_the_place_of_the_old_one_and_a_file_that_has_it_is_left_alone(project):
    FILE.write_text(README, encoding="utf-8")
    write_results("| new |\n")
    assert FILE.read_text(encoding="utf-8") == f"# Digits\n\n{START}\n| new |\n{END}\n\nMore.\n"
    before = FILE.stat()
    write_results("| new |\n")
    assert (FILE.stat().st_ino, FILE.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_table_in_the_readme_is_the_one_of_the_last_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    check()


def test_a_number_that_was_typed_is_found(project):
    (project / "reports").mkdir()
    (project / "reports/comparison.md").write_text("# Baseline against tuned\n\n| new |\n\n## More\n\n| else |\n")
    (project / "README.md").write_text(README, encoding="utf-8")
    with pytest.raises(
        UserError, match=r"its results are not those of reports/comparison\.md; `dvc repro` writes both"
    ):
        check()
    write_results("| new |\n")
    check()
