"""Make a project as stage `export` needs it: untrained models of both families, and their test predictions."""

from pathlib import Path
from typing import Any

import numpy as np

from digits.config.load import read_params, validate
from digits.core.files import write_array, write_json
from digits.core.paths import CLASSES, PREDICTIONS, PREPARED, history_file, model_file
from digits.data import dataset
from digits.data.preprocessing import Preprocessing
from digits.export import formats
from digits.export.formats import TrainedModel
from digits.export.metadata import Metadata
from digits.models.build import build
from digits.models.families import hyperparameters
from digits.models.keras_file import clone_with_layers, load, save
from digits.models.kernels import portable_layer
from tests.images import stripes

NAMES = ["north", "north by east", "östlich", "south"]
# Validation accuracy and loss after the last epoch: one model is best by accuracy, one by loss at equal accuracy.
LAST_EPOCHS = {
    "mlp-baseline-1": (0.9, 0.3),
    "mlp-tuned-1": (0.95, 0.4),
    "cnn-baseline-1": (0.9, 0.2),
    "cnn-tuned-1": (0.9, 0.3),
}
BEST = {"mlp": "mlp-tuned-1", "cnn": "cnn-baseline-1"}
METADATA = Metadata(
    model=BEST["cnn"], classes=tuple(NAMES), preprocessing=Preprocessing(shape=(12, 10, 3), kind="image")
)


def write_project() -> None:
    """Write to the current folder, which has params.yaml."""
    test = stripes(40, seed=1)
    dataset.save(stripes(80), PREPARED / "train")
    dataset.save(test, PREDICTIONS)
    write_json(CLASSES, NAMES)
    for seed, (name, (accuracy, loss)) in enumerate(LAST_EPOCHS.items()):
        family = name.split("-")[0]
        recipe = validate(hyperparameters(family), read_params()["models"][family] | {"standardize": "tuned" in name})
        model = build(family, recipe, test.images.shape[1:], len(NAMES), seed)
        save(model, model_file(name))
        write_array(PREDICTIONS / f"{name}.npy", np.asarray(model(test.images)))
        write_json(history_file(name), {"epochs": [epoch(0.99, 0.1), epoch(accuracy, loss)]})


def epoch(accuracy: float, loss: float) -> dict[str, float]:
    return {"validation_accuracy": accuracy, "validation_loss": loss, "validation_corrupted_accuracy": accuracy}


def export(name: str, folder: Path, changes: dict[str, Any] | None = None) -> Path:
    """Export a model of the current project in every format, with METADATA and these changes."""
    metadata = METADATA.model_copy(update={"model": name} | (changes or {}))
    model = load(model_file(name))
    formats.write(TrainedModel(model_file(name), model, clone_with_layers(model, portable_layer), metadata), folder)
    return folder
