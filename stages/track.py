"""Synchronize MLflow with the results in the workspace. Complete runs are left unchanged."""

from digits.config.load import parameter
from digits.config.schema import Families, Objective, Track
from digits.core.cli import run_stage
from digits.core.files import read_json
from digits.core.paths import CLASSES, PREDICTIONS
from digits.data import dataset
from digits.tracking.provenance import Provenance
from digits.tracking.store import configure, connect, is_disabled, location, without_password


def main() -> str:
    families, track = parameter(Families, "families"), parameter(Track, "track")
    objective = parameter(Objective, "tune.objective")
    if is_disabled():
        return "skipped: DIGITS_TRACKING is off"
    configure()
    from digits.tracking.registry import EvaluationSet, promote  # imports MLflow
    from digits.tracking.sync import find_candidate, load_contents, sync

    provenance = Provenance.collect()
    test_split = dataset.load(PREDICTIONS)
    classes = read_json(CLASSES)
    test = EvaluationSet(test_split.images, classes, test_split.labels, provenance.parameters["data"]["source"])
    contents = list(load_contents(provenance, families))
    try:
        store = connect()
        counts = sync(store, provenance, contents, test)
        candidate = find_candidate(contents, objective)
        decision = promote(store, provenance, track, objective, candidate.info, test)
    except Exception as error:  # results do not depend on MLflow, so no error of MLflow may fail the pipeline
        reason = without_password(" ".join(str(error).split()))[:300] or type(error).__name__
        return (
            f"warning: MLflow at {location()} is not up to date ({reason}); the next `dvc repro` adds what is missing"
        )
    summary = ", ".join(f"{count} {action}" for action, count in sorted(counts.items()))
    return f"{location()}: {summary}; {decision}"


if __name__ == "__main__":
    run_stage(main)
