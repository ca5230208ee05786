"""All of params.yaml at once: what it may hold, and the JSON Schema by which editors know it."""

from typing import Any

from digits.params.cnn import Cnn
from digits.params.data import Data
from digits.params.load import Section
from digits.params.mlp import Mlp
from digits.params.prepare import Prepare
from digits.params.runtime import Runtime
from digits.params.subjects import Families, Seeds
from digits.params.track import Track
from digits.params.train import Train
from digits.params.tune import Cluster, Search, Seed, Threads, Workers


class Models(Section):
    """The baselines: the recipes people know."""

    mlp: Mlp
    cnn: Cnn


class Tune(Section):
    seed: Seed
    workers: Workers
    threads_per_worker: Threads
    cluster: Cluster
    mlp: Search[Mlp]
    cnn: Search[Cnn]


class Params(Section):
    data: Data
    prepare: Prepare
    runtime: Runtime
    families: Families
    seeds: Seeds
    models: Models
    train: Train
    tune: Tune
    track: Track


def schema() -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Params.model_json_schema()
