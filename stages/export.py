"""Export the best model of each family, by validation images, to several formats, and check each by loading it."""

from digits.config.load import parameter
from digits.config.schema import Families, Objective, Runtime, Seeds
from digits.core.cli import run_stage
from digits.core.files import read_json, replace_folder, write_json
from digits.core.paths import CLASSES, PREPARED, REPORTS, model_file, model_names
from digits.data import dataset, preprocessing
from digits.evaluation import objective
from digits.export import formats, verify
from digits.export.formats import EXPORTS, TrainedModel
from digits.export.metadata import Metadata
from digits.models import runtime


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    runtime_settings = parameter(Runtime, "runtime")
    objective_name = parameter(Objective, "tune.objective")
    best = {family: objective.best_model(model_names((family,), seeds), objective_name) for family in families}
    with verify.checking_process(runtime_settings) as check, replace_folder(EXPORTS) as new_folder:
        classes = tuple(read_json(CLASSES))
        image_preprocessing = preprocessing.infer_preprocessing(dataset.load(PREPARED / "train").images)
        runtime.start(runtime_settings)
        from digits.models.keras_file import clone_with_layers, load
        from digits.models.kernels import portable_layer

        for family, name in best.items():
            metadata = Metadata(model=name, classes=classes, preprocessing=image_preprocessing)
            model = load(model_file(name))
            trained = TrainedModel(model_file(name), model, clone_with_layers(model, portable_layer), metadata)
            formats.write(trained, new_folder / family)
        report = check(new_folder, best, classes)
    write_json(REPORTS / "export.json", report)
    return f"{EXPORTS}: {', '.join(best.values())}; the predictions of each format match those of its model"


if __name__ == "__main__":
    run_stage(main)
