"""Make a project with models that are trained for seconds on digits drawn in code, for the demo and `predict`."""

import shutil

import numpy as np
import tensorflow as tf

from digits.config.load import read_params, validate
from digits.core.files import write_array, write_json
from digits.core.paths import CLASSES, PREDICTIONS, PREPARED, REPORTS, VARIANTS, history_file, model_file, model_name
from digits.data import dataset
from digits.data.dataset import Split
from digits.data.preprocessing import preprocess
from digits.models.build import build, multiply_adds
from digits.models.families import hyperparameters
from digits.models.keras_file import save
from digits.training.batches import without_tuning
from tests.conftest import ROOT
from tests.fixtures.drawn import Drawn, drawn
from tests.images import MNIST

DIGITS = [str(digit) for digit in range(10)]
SMALL = {"mlp": {"units": 64, "dropout": 0.0}, "cnn": {"filters": 8, "dense": 32, "dropout": 0.0}}
EPOCHS = {"baseline": 3, "tuned": 25}  # the baseline is often wrong, the tuned model never


def write_project() -> None:
    """Write to the current folder, which has a params.yaml with seeds: [1]."""
    train, test = split(drawn(300, seed=1)), split(drawn(100, seed=2))
    dataset.save(train, PREPARED / "train")
    dataset.save(test, PREDICTIONS)
    write_json(CLASSES, DIGITS)
    REPORTS.mkdir()
    for name in ("comparison.csv", "comparison.md", "model_card.md", "metrics.json"):
        shutil.copy(ROOT / REPORTS / name, REPORTS)
    for family in SMALL:
        for variant in VARIANTS:
            train_model(family, variant, train, test)


def split(pages: list[Drawn]) -> Split:
    pages = list(pages)
    images = np.stack([preprocess(page.picture, MNIST) for page in pages])
    return Split(images, np.array([int(page.digit) for page in pages], np.int32))


def train_model(family: str, variant: str, train: Split, test: Split) -> None:
    recipe = validate(hyperparameters(family), read_params()["models"][family] | SMALL[family])
    model = build(family, recipe, train.images.shape[1:], len(DIGITS), seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    shuffled = tf.data.Dataset.from_tensor_slices((train.images, train.labels)).shuffle(len(train), seed=1).batch(20)
    history = model.fit(without_tuning(shuffled), shuffle=False, epochs=EPOCHS[variant], verbose=0).history
    name = model_name(family, variant, 1)
    save(model, model_file(name))
    write_array(PREDICTIONS / f"{name}.npy", model.predict(test.images, verbose=0))
    accuracy, loss = history["accuracy"][-1], history["loss"][-1]
    epoch = {"validation_accuracy": accuracy, "validation_loss": loss, "validation_corrupted_accuracy": accuracy}
    size = {"parameters": model.count_params(), "multiply_adds": multiply_adds(model)}
    write_json(history_file(name), {"family": family, "variant": variant, "seed": 1, "epochs": [epoch]} | size)
