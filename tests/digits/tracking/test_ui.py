import pytest

from digits.tracking import ui


def test_a_folder_that_cannot_hold_runs_is_an_error_in_one_line(project, monkeypatch):
    (project / ".mlflow").touch()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(project))
    with pytest.raises(SystemExit, match=r"^ui: error: .* File exists: '.*\.mlflow'$"):
        ui.main()


@pytest.mark.parametrize(("make", "why"), [("write_text", "file is not a database"), ("mkdir", "disk I/O error")])
def test_a_database_that_is_none_is_an_error_in_one_line(project, monkeypatch, make, why):
    home = project / ".mlflow"
    home.mkdir()
    getattr(home / "mlflow.db", make)(*["no database"] * (make == "write_text"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(project))
    with pytest.raises(SystemExit) as ended:
        ui.main()
    assert str(ended.value) == (
        f"ui: error: {home}/mlflow.db cannot be read ({why}); if no other program is using it, remove {home}, and "
        "`dvc repro` makes it anew"
    )
