"""`python -m digits predict`: what a model sees in images, a line for each; a line, too, for each unreadable one."""

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
from digits.serving.predictor import Classifier

BATCH = 256


@dataclass(frozen=True)
class Prediction:
    path: Path
    probabilities: np.ndarray | None  # None with an error
    error: str = ""

    @property
    def name(self) -> str:
        """A file's name need not be text, nor of one line."""
        name = os.fsencode(self.path).decode("utf-8", "replace")
        return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def main() -> None:
    does = "what can be done with the models once they are trained."
    parser = argparse.ArgumentParser(prog="python -m digits", description=does)
    command = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("predict", help="classify pictures")
    command.add_argument("pictures", nargs="+", type=path, metavar="PATH", help="a PNG or JPEG file, or a folder")
    command.add_argument("--model", default="tuned", help=f"{predictor.KINDS}; default: tuned, the best of these")
    command.add_argument("--json", action="store_true", help="all probabilities, for programs")
    given = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8" if given.json else None, errors="replace")
    with one_line_errors("predict"):
        predict(given.pictures, given.model, given.json)


def path(given: str) -> Path:
    if not given:  # a shell's variable that is not set: Path would take it for this folder
        raise ValueError
    return Path(given)


def predict(pictures: list[Path], which: str, as_json: bool) -> None:
    paths = list(image_files.expand_folders(pictures))
    model = predictor.find(which)
    found = predictions(paths, model)
    unread = print_json(found, model.metadata) if as_json else print_table(found, model.metadata, paths)
    if unread:
        others = "; the others are answered" if unread < len(paths) else ""
        raise UserError(f"{unread} of {len(paths)} pictures could not be read{others}")


def predictions(paths: list[Path], model: Classifier) -> Iterator[Prediction]:
    load = cache(model.load)  # not before there is an image to predict
    for start in range(0, len(paths), BATCH):
        images, errors = {}, {}
        for path in paths[start : start + BATCH]:
            try:
                images[path] = preprocess(image_files.read(path), model.metadata.preprocessing)
            except UserError as error:
                errors[path] = str(error)
        found = dict(zip(images, load()(np.stack(list(images.values()))), strict=True)) if images else {}
        for path in paths[start : start + BATCH]:
            yield Prediction(path, found.get(path), errors.get(path, ""))


def print_table(found: Iterator[Prediction], metadata: Metadata, paths: list[Path]) -> int:
    classes, width = metadata.classes, max(len(Prediction(path, None).name) for path in paths)
    unread, broad = 0, max(len("class"), *map(len, classes))
    print(f"{'picture':{width}}  {'class':{broad}}  probability  second ({metadata.model})")
    for each in found:
        if each.error:
            unread += 1
            print(f"{each.name:{width}}  {'–':{broad}}            –  {each.error}", flush=True)
            continue
        first, second = np.argsort(-each.probabilities, kind="stable")[:2]  # of equal ones, as argmax has it
        best = f"{classes[first]:{broad}}  {each.probabilities[first]:11.1%}"
        print(f"{each.name:{width}}  {best}  {classes[second]} ({each.probabilities[second]:.1%})", flush=True)
    return unread


def print_json(found: Iterator[Prediction], metadata: Metadata) -> int:
    rows = [row(each, metadata.classes) for each in found]
    json.dump({"model": metadata.model, "pictures": rows}, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return sum("error" in each for each in rows)


def row(each: Prediction, classes: tuple[str, ...]) -> dict[str, Any]:
    if each.error:
        return {"picture": each.name, "error": each.error}
    first, rounded = predictor.answer(each.probabilities)
    return {"picture": each.name, "class": classes[first], "probabilities": dict(zip(classes, rounded, strict=True))}
