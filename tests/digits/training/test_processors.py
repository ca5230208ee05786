"""Training gives the committed weights on every x86-64 processor with AVX2, for each family.

A different version of TensorFlow, Keras or NumPy may change DIGESTS, as may a change of the training code: replace them
with the values that the failing test prints. If none of these has changed, the results on this processor are different.
"""

import hashlib
import io
import multiprocessing
import platform
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from digits.config.recipe import Recipe
from digits.models.families.resnet import Hyperparameters as Resnet
from digits.training.jobs import Segment, TrainingConfig
from digits.training.trainer import train
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, PLAIN, RUNTIME

# As in the tuned models.
OPTIONS = AUGMENTED | {"standardize": True, "schedule": "one_cycle", "weight_decay": 0.01, "batch_size": 128}
RESNET = Resnet(stem_stride=2, stages=3, blocks=1, filters=16, **PLAIN | {"dropout": 0.1})
RECIPES: dict[str, Recipe] = {
    "mlp": MLP.model_copy(update=OPTIONS | {"layers": 2, "units": 384}),
    "cnn": CNN.model_copy(update=OPTIONS | {"filters": 16, "batch_norm": True, "dense": 256}),
    "resnet": RESNET.model_copy(update=OPTIONS),
}
DIGESTS = {
    "mlp": "cd483c28495034f1ae33e57bbfb6ba74f989c3cc892bc14547ac6879a664f481",
    "cnn": "2da0db3faaf09a8a30bdd1da7bc3220df84380d5a96b9dfc656d61ee9c409e00",
    "resnet": "a4e42857be7e394f6a244580251523d37454b35ddb4281aaddae1aa95708ec13",
}


def has_avx2() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return platform.machine() == "x86_64" and cpuinfo.exists() and " avx2 " in cpuinfo.read_text()


def train_all() -> dict[str, str]:
    """Train each family for eight steps; return the SHA-256 of all weights of model and optimizer."""
    data = tuple(stripes(n_images, (28, 28, 1), classes=10, seed=n_images) for n_images in (1024, 100, 100))
    digests = {}
    for family, recipe in RECIPES.items():
        config = TrainingConfig(family, recipe, epochs=1, seed=1, n_classes=10, runtime=RUNTIME)
        result = train(Segment(config, start=0, end=1, state=None, keep_model=False), data)
        with np.load(io.BytesIO(result.state)) as weights:
            digests[family] = hashlib.sha256(b"".join(weights[name].tobytes() for name in weights.files)).hexdigest()
    return digests


@pytest.mark.skipif(not has_avx2(), reason="only Linux on x86-64 processors with AVX2 is known to give these results")
def test_each_family_gives_the_same_weights_on_every_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # a GPU would give other results
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")  # a value of the user's shell has no effect
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:  # TensorFlow starts once in a process
        assert process.submit(train_all).result() == DIGESTS
