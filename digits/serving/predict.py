"""`python -m digits predict`: print the predicted class of each image, or why it cannot be read."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.data import image_files
from digits.data.preprocessing import preprocess
from digits.export.metadata import Metadata
from digits.serving import predictor
from digits.serving.predictor import ModelSource

BATCH_SIZE = 256


@dataclass(frozen=True)
class Prediction:
    path: Path
    probabilities: np.ndarray | None  # None if the image cannot be read
    error: str = ""

    @property
    def name(self) -> str:
        """The path as one printable line: a file name may hold any bytes, newlines included."""
        name = os.fsencode(self.path).decode("utf-8", "replace")
        return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m digits", description="Use the trained models.")
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("predict", help="classify images")
    command.add_argument(
        "paths", nargs="+", type=nonempty_path, metavar="PATH", help="a PNG or JPEG file, or a folder of them"
    )
    command.add_argument("--model", default="tuned", help=f"{predictor.MODEL_HELP}; default: tuned")
    command.add_argument("--json", action="store_true", help="print the probabilities of all classes as JSON")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8" if options.json else None, errors="replace")
    with one_line_errors("predict"):
        print_predictions(options.paths, options.model, options.json)


def nonempty_path(text: str) -> Path:
    """Reject an empty path, as from an unset shell variable: `Path("")` would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("a path is empty; name a file or a folder")
    return Path(text)


def print_predictions(files_and_folders: list[Path], model: str, as_json: bool) -> None:
    paths = list(image_files.expand_folders(files_and_folders))
    source = predictor.find(model)
    predictions = predict_files(paths, source)
    n_errors = print_json(predictions, source.metadata) if as_json else print_table(predictions, source.metadata, paths)
    if n_errors:
        rest = "; the others are classified" if n_errors < len(paths) else ""
        raise UserError(f"{n_errors} of {len(paths)} images could not be read{rest}")


def predict_files(paths: list[Path], source: ModelSource) -> Iterator[Prediction]:
    load_predictor = cache(source.load)  # called when the first image has been read, not before
    for start in range(0, len(paths), BATCH_SIZE):
        batch = paths[start : start + BATCH_SIZE]
        images, errors = {}, {}
        for path in batch:
            try:
                images[path] = preprocess(image_files.read(path), source.metadata.preprocessing)
            except UserError as error:
                errors[path] = str(error)
        probabilities = {}
        if images:
            predict = load_predictor()
            probabilities = dict(zip(images, predict(np.stack(list(images.values()))), strict=True))
        for path in batch:
            yield Prediction(path, probabilities.get(path), errors.get(path, ""))


def print_table(predictions: Iterator[Prediction], metadata: Metadata, paths: list[Path]) -> int:
    """Print a row for each image, and return the number of images that could not be read."""
    classes = metadata.classes
    name_width = max(len(Prediction(path, None).name) for path in paths)
    class_width = max(len("class"), *map(len, classes))
    n_errors = 0
    print(f"{'image':{name_width}}  {'class':{class_width}}  probability  second ({metadata.model})")
    for prediction in predictions:
        name = f"{prediction.name:{name_width}}"
        if prediction.error:
            n_errors += 1
            print(f"{name}  {'–':{class_width}}            –  {prediction.error}", flush=True)
            continue
        probabilities = prediction.probabilities
        first, second = np.argsort(-probabilities, kind="stable")[:2]  # stable: ties resolve as in argmax
        best = f"{classes[first]:{class_width}}  {probabilities[first]:11.1%}"
        print(f"{name}  {best}  {classes[second]} ({probabilities[second]:.1%})", flush=True)
    return n_errors


def print_json(predictions: Iterator[Prediction], metadata: Metadata) -> int:
    entries = [json_entry(prediction, metadata.classes) for prediction in predictions]
    json.dump({"model": metadata.model, "pictures": entries}, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return sum("error" in entry for entry in entries)


def json_entry(prediction: Prediction, classes: tuple[str, ...]) -> dict[str, Any]:
    if prediction.error:
        return {"picture": prediction.name, "error": prediction.error}
    top, probabilities = predictor.top_class_and_probabilities(prediction.probabilities)
    by_class = dict(zip(classes, probabilities, strict=True))
    return {"picture": prediction.name, "class": classes[top], "probabilities": by_class}
