"""What a worker of the pool does: it finds the images, starts TensorFlow once in its life, and trains."""

import os
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from socket import gethostname

from distributed import get_worker

from digits.config.schema import Runtime
from digits.core.errors import UserError
from digits.data import dataset
from digits.data.dataset import Split
from digits.models import runtime
from digits.training.jobs import Images, Segment, SegmentResult, StoredImages


def together(*images: Split) -> Images:
    """A task of its own: sent to a worker once, and made again if all that have it die."""
    return images


@cache
def opened(stored: StoredImages) -> Images:
    images = tuple(map(dataset.load, stored.folders))
    for split, digest in zip(images, stored.digests, strict=True):
        if split.digest != digest:
            raise UserError(f"{split.folder} on {gethostname()} does not hold the images that are trained on")
    return images


def sees(stored: StoredImages) -> bool:
    try:
        return bool(opened(stored))
    except UserError:
        return False


def train(segment: Segment, images: Images | StoredImages) -> SegmentResult:
    start(segment.config.runtime)
    from digits.training import trainer

    found = opened(images) if isinstance(images, StoredImages) else images
    return replace(trainer.train(segment, found), worker=get_worker().address)


@cache
def start(machine: Runtime) -> None:
    """TensorFlow, once in a worker's life, on a GPU of its own where there are some."""
    name, found = get_worker().name, gpus()
    if found and isinstance(name, int):  # one of this machine's; on a cluster, whoever starts workers gives them GPUs
        os.environ["CUDA_VISIBLE_DEVICES"] = found[name % len(found)]
    runtime.start(machine)


def gpus() -> list[str]:
    """As CUDA numbers them, asked without TensorFlow, which would take them all."""
    if (chosen := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return list(filter(None, chosen.split(",")))
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return listed.stdout.split() if listed.returncode == 0 else []
