"""Make MLflow agree with the workspace. Where all is there, it adds nothing."""

from digits.config.load import parameter
from digits.config.schema import Families, Objective, Track
from digits.core.cli import run
from digits.core.files import read_json
from digits.core.paths import CLASSES, PREDICTIONS
from digits.data import dataset
from digits.tracking.provenance import Provenance
from digits.tracking.store import configure, connect, disabled, location, without_password


def main() -> str:
    families, track = parameter(Families, "families"), parameter(Track, "track")
    objective = parameter(Objective, "tune.objective")
    if disabled():
        return "left out, for DIGITS_TRACKING is off"
    configure()
    from digits.tracking.registry import EvaluationSet, promote  # MLflow
    from digits.tracking.sync import records, sync, winner

    provenance = Provenance.here()
    test_images = dataset.load(PREDICTIONS)
    classes = read_json(CLASSES)
    test = EvaluationSet(test_images.images, classes, test_images.labels, provenance.parameters["data"]["source"])
    results = list(records(provenance, families))
    try:
        store = connect()
        done = sync(store, provenance, results, test)
        best = winner(results, objective)
        champion = promote(store, provenance, track, objective, best.info, test)
    except Exception as error:  # whatever it is: results do not depend on who looks at them
        reason = without_password(" ".join(str(error).split()))[:300] or type(error).__name__
        return f"warning: MLflow at {location()} is not up to date ({reason}); the next `dvc repro` fills the gap"
    counts = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
    return f"{location()}: {counts}; {champion}"


if __name__ == "__main__":
    run(main)
