"""What a model says of pictures: a line for each, and one for each that cannot be read."""

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

from digits.common.errors import UserError
from digits.export.metadata import Metadata
from digits.inference import image_files, predictor
from digits.inference.predictor import Classifier
from digits.inference.preprocessing import place

AT_ONCE = 256


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("predict", help="say what pictures show")
    command.add_argument(
        "pictures", nargs="+", type=Path, metavar="PATH", help="a PNG or JPEG file, or a folder of them"
    )
    command.add_argument("--model", default="tuned", help=f"{predictor.KINDS}; default: the best tuned one")
    command.add_argument("--json", action="store_true", help="all probabilities, for programs")
    command.set_defaults(work=predict)


@dataclass(frozen=True)
class Answer:
    path: Path
    probabilities: np.ndarray


@dataclass(frozen=True)
class Unread:
    path: Path
    error: str


def predict(given: argparse.Namespace) -> None:
    paths = list(image_files.files(given.pictures))
    model = predictor.find(given.model)
    unread = (as_json if given.json else as_table)(answers(paths, model), model.about, paths)
    if unread:
        raise UserError(f"{unread} of {len(paths)} pictures could not be read; the others are answered")


def answers(paths: list[Path], model: Classifier) -> Iterator[Answer | Unread]:
    load = cache(model.load)  # not before there is something to ask
    for start in range(0, len(paths), AT_ONCE):
        placed, unread = {}, {}
        for path in paths[start : start + AT_ONCE]:
            try:
                placed[path] = place(image_files.read(path), model.about.placing)
            except UserError as error:
                unread[path] = str(error)
        told = dict(zip(placed, load()(np.stack(list(placed.values()))), strict=True)) if placed else {}
        for path in paths[start : start + AT_ONCE]:
            yield Answer(path, told[path]) if path in told else Unread(path, unread[path])


def as_table(found: Iterator[Answer | Unread], about: Metadata, paths: list[Path]) -> int:
    classes, width = about.classes, max(len(shown(path)) for path in paths)
    unread, broad = 0, max(len("answer"), *map(len, classes))
    print(f"{'picture':{width}}  {'answer':{broad}}    sure  otherwise ({about.model})")
    for each in found:
        if isinstance(each, Unread):
            unread += 1
            print(f"{shown(each.path):{width}}  {'–':{broad}}       –  {each.error}", flush=True)
            continue
        second, first = np.argsort(each.probabilities)[-2:]
        sure, other = each.probabilities[first], each.probabilities[second]
        line = f"{shown(each.path):{width}}  {classes[first]:{broad}}  {sure:6.1%}  {classes[second]} ({other:.1%})"
        print(line, flush=True)
    return unread


def as_json(found: Iterator[Answer | Unread], about: Metadata, _: list[Path]) -> int:
    rows = [row(each, about.classes) for each in found]
    json.dump({"model": about.model, "pictures": rows}, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return sum("error" in each for each in rows)


def row(each: Answer | Unread, classes: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(each, Unread):
        return {"picture": shown(each.path), "error": each.error}
    chances = {name: round(float(chance), 6) for name, chance in zip(classes, each.probabilities, strict=True)}
    return {"picture": shown(each.path), "class": max(chances, key=chances.get), "probabilities": chances}


def shown(path: Path) -> str:
    """A name need not be text."""
    return os.fsencode(path).decode("utf-8", "replace")
