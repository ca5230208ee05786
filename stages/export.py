"""The best model of each family, by validation images, in formats for use elsewhere; each is reloaded and asked."""

from digits.common.cli import run
from digits.common.files import read_json, write_json
from digits.common.paths import CLASSES, PREPARED, REPORTS, model_file
from digits.data import dataset
from digits.export import exports, folders
from digits.export.exports import EXPORTS
from digits.export.metadata import Metadata
from digits.inference import preprocessing
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Families, Runtime, Seeds


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    machine = parameter(Runtime, "runtime")
    models = {family: exports.winner(family, seeds) for family in families}
    classes = tuple(map(str, read_json(CLASSES)))
    lies = preprocessing.measure(dataset.load(PREPARED / "train").images)
    runtime.start(machine)
    from digits.export.writing import write

    with folders.replacing(EXPORTS) as new:
        for family, name in models.items():
            write(model_file(name), new / family, Metadata(model=name, classes=classes, placing=lies))
        found = exports.check(new, models, classes, machine)
    write_json(REPORTS / "export.json", found)
    return f"{EXPORTS}: {', '.join(models.values())}; each format answers as the model it is made from"


if __name__ == "__main__":
    run(main)
