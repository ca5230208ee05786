"""One trained model in every format, each of which tells what it is."""

import shutil
from pathlib import Path

from digits import about
from digits.about import About
from digits.exporting import savedmodel
from digits.exporting.reloaded import HDF5, KERAS, LOADED, SAVED_MODEL, WEIGHTS
from digits.model import modelfile
from digits.model.runtime import held_back_stderr


def write(trained: Path, folder: Path, of: About) -> None:
    model = modelfile.load(trained)
    folder.mkdir()
    shutil.copyfile(trained, folder / KERAS)
    with held_back_stderr():  # Keras warns that its HDF5 format is an old one: it is here for programs that are, too
        model.save(folder / HDF5)
    model.save_weights(folder / WEIGHTS)
    savedmodel.save(model, of.classes, folder / SAVED_MODEL)
    for name in LOADED:
        about.write(folder / name, of)
