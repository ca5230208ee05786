"""One trained model in every format, each of which tells what it is."""

import shutil
from pathlib import Path

from digits.export import metadata, saved_model
from digits.export.metadata import Metadata
from digits.export.verify import HDF5, KERAS, LOADED, SAVED_MODEL, WEIGHTS
from digits.models import keras_file
from digits.models.runtime import held_back_stderr


def write(trained: Path, folder: Path, of: Metadata) -> None:
    model = keras_file.load(trained)
    folder.mkdir()
    shutil.copyfile(trained, folder / KERAS)
    with held_back_stderr():  # Keras warns that its HDF5 format is an old one: it is here for programs that are, too
        model.save(folder / HDF5)
    model.save_weights(folder / WEIGHTS)
    saved_model.save(model, of.classes, folder / SAVED_MODEL)
    for name in LOADED:
        metadata.write(folder / name, of)
