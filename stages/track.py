"""Make MLflow agree with the workspace. It may be run at any time; where all is there, it adds nothing."""

from digits.common.cli import run
from digits.common.files import read_array, read_json
from digits.common.paths import CLASSES, PREDICTIONS
from digits.params.load import parameter
from digits.params.schema import Families, Track
from digits.tracking import environment

EXAMPLES = 5


def main() -> str:
    families, track = parameter(Families, "families"), parameter(Track, "track")
    if environment.off():
        return "left out, for DIGITS_TRACKING is off"
    environment.start()
    from digits.tracking.provenance import Provenance
    from digits.tracking.records import of_workspace
    from digits.tracking.registry import Examination, promote, winner
    from digits.tracking.store import connect, where
    from digits.tracking.sync import Examples, agree

    place = Provenance.here()
    outcomes = list(of_workspace(place, families))
    images, labels = read_array(PREDICTIONS / "images.npy"), read_array(PREDICTIONS / "labels.npy")
    classes = [str(name) for name in read_json(CLASSES)]
    test = Examination(images, classes, labels, place.parameters["data"]["source"])
    try:
        store = connect()
        done = agree(store, place, outcomes, Examples(images[:EXAMPLES], classes))
        champion = promote(store, place, track, winner(outcomes), test)
    except Exception as error:  # whatever it is: results do not depend on who looks at them
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        return f"warning: MLflow at {where()} is not up to date ({reason}); the next `dvc repro` fills the gap"
    counts = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
    return f"{where()}: {counts}; {champion}"


if __name__ == "__main__":
    run(main)
