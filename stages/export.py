"""The best model of each family, by validation images, in formats for use elsewhere; each is reloaded and checked."""

from digits.config.load import parameter
from digits.config.schema import Families, Objective, Runtime, Seeds
from digits.core.cli import run
from digits.core.files import read_json, replace_folder, write_json
from digits.core.paths import CLASSES, PREPARED, REPORTS, model_file, model_names
from digits.data import dataset, preprocessing
from digits.evaluation import objective
from digits.export import formats, verify
from digits.export.formats import EXPORTS, Trained
from digits.export.metadata import Metadata
from digits.models import runtime


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    machine = parameter(Runtime, "runtime")
    wanted = parameter(Objective, "tune.objective")
    best = {family: objective.best_model(model_names((family,), seeds), wanted) for family in families}
    with verify.process(machine) as check, replace_folder(EXPORTS) as new:
        classes = tuple(read_json(CLASSES))
        measured = preprocessing.measure(dataset.load(PREPARED / "train").images)
        runtime.start(machine)
        from digits.models.keras_file import clone_with_layers, load
        from digits.models.kernels import fast_layer

        for family, name in best.items():
            metadata, model = Metadata(model=name, classes=classes, preprocessing=measured), load(model_file(name))
            formats.write(
                Trained(model_file(name), model, clone_with_layers(model, fast_layer), metadata), new / family
            )
        report = check(new, best, classes)
    write_json(REPORTS / "export.json", report)
    return f"{EXPORTS}: {', '.join(best.values())}; each format predicts as the model it is made from"


if __name__ == "__main__":
    run(main)
