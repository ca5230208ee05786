import hashlib
from collections.abc import Mapping
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from dvc.stage import PipelineStage

from digits.review.revisions import Revision
from digits.review.stale import stale

CODE = b"print()"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


ROOM = {"digits/room/b/c.py": "", "digits/room/a.py": CODE.decode()}
LISTED = f'[{{"md5": "{md5(CODE)}", "relpath": "a.py"}}, {{"md5": "{md5(b"")}", "relpath": "b/c.py"}}]'
LOCK = f"""
stages:
  evaluate:
    deps:
    - {{path: digits/a.py, md5: {md5(CODE)}}}
    - {{path: digits/room, md5: {md5(LISTED.encode())}.dir}}
    - {{path: models, md5: 1.dir}}
    params: {{params.yaml: {{train.epochs: 2, seeds: [1, 2], tune: {{trials: 3}}}}}}
    outs: [{{path: data/predictions}}]
  train@seed-3:
    deps: [{{path: digits/a.py, md5: 0}}]
    outs: [{{path: models/3.keras}}]
  compare:
    deps: [{{path: digits/a.py, md5: 0}}]
    outs: [{{path: reports/metrics.json}}]
"""
PARAMS = "{train: {epochs: 2}, seeds: [1, 2], tune: {trials: 3}, other: 1}"


class Files:
    """As DVC's file system has them."""

    def __init__(self, params: str = PARAMS, code: str = CODE.decode(), room: Mapping[str, str] = ROOM) -> None:
        self.held = {"dvc.lock": LOCK, "params.yaml": params, "digits/a.py": code} | room
        stages = [PipelineStage(None, name=name) for name in ("evaluate", "compare")]
        self.repo = SimpleNamespace(index=SimpleNamespace(stages=stages))

    def open(self, path: str, **_options: bool) -> BytesIO:
        return BytesIO(self.held[path].encode())

    def find(self, folder: str) -> list[str]:
        return [path for path in self.held if path.startswith(f"{folder}/")]


def of(**changed: Any) -> list[str]:
    return stale(Revision("main", "1234567", Files(**changed)))


def test_results_made_by_what_lies_beside_them_are_fresh_whatever_the_lock_remembers_of_former_seeds() -> None:
    assert of() == []


def test_a_parameter_that_no_stage_reads_makes_nothing_stale() -> None:
    assert of(params=PARAMS.replace("other: 1", "other: 2")) == []


def test_other_code_makes_results_stale_but_not_tables_of_them() -> None:
    assert of(code="print(1)") == ["evaluate"]
    assert of(room=ROOM | {"digits/room/a.py": "print(1)"}) == ["evaluate"]
    assert of(room=ROOM | {"digits/room/d.py": ""}) == ["evaluate"]
    assert of(room={}) == ["evaluate"]


def test_other_parameters_make_results_stale_however_they_are_written_in_the_lock() -> None:
    assert of(params=PARAMS.replace("epochs: 2", "epochs: 3")) == ["evaluate"]
    assert of(params=PARAMS.replace("[1, 2]", "[1, 2, 3]")) == ["evaluate"]
    assert of(params=PARAMS.replace("trials: 3", "trials: 4")) == ["evaluate"]
    assert of(params="{}") == ["evaluate"]
