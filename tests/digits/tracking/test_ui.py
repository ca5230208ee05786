import pytest

from digits.tracking import ui


def test_a_folder_that_cannot_hold_runs_is_an_error_in_one_line(project, monkeypatch):
    (project / ".mlflow").touch()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(project))
    with pytest.raises(SystemExit, match=r"^ui: error: .* File exists: '.*\.mlflow'$"):
        ui.main()
