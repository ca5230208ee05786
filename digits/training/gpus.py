"""One GPU for each worker of this machine."""

import os
import shutil
import subprocess

from distributed import Worker, WorkerPlugin


class OneGpuPerWorker(WorkerPlugin):
    """Runs in each worker as it starts, before TensorFlow does."""

    def setup(self, worker: Worker) -> None:
        if available := gpus():
            os.environ["CUDA_VISIBLE_DEVICES"] = available[worker.name % len(available)]


def gpus() -> list[str]:
    """The numbers that CUDA gives them. TensorFlow is not asked, because it would take them all."""
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return list(filter(None, visible.split(",")))
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return listed.stdout.split() if listed.returncode == 0 else []
