"""Read the results of trained models from the workspace."""

import csv
from collections.abc import Iterable

from digits.core.errors import UserError
from digits.core.paths import REPORTS


def read_model_rows(metrics: Iterable[str]) -> list[dict[str, str]]:
    """Return the rows of reports/models.csv, which must have these metrics."""
    path = REPORTS / "models.csv"
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    if missing := [name for name in metrics if name not in (reader.fieldnames or ())]:
        raise UserError(f"{path} lacks {missing[0]}: an earlier version wrote it; run `dvc repro` to create it again")
    return rows
