"""The GPUs of this machine: one for each worker."""

import os
import shutil
import subprocess

from distributed import Worker, WorkerPlugin


class OneGpuPerWorker(WorkerPlugin):
    """Assigns a GPU to a worker. It runs in each worker at its start, before TensorFlow is imported."""

    def setup(self, worker: Worker) -> None:
        if gpus := available_gpus():
            os.environ["CUDA_VISIBLE_DEVICES"] = gpus[worker.name % len(gpus)]


def available_gpus() -> list[str]:
    """Return the GPUs' CUDA device names. TensorFlow could list them, but it would also reserve all their memory."""
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return list(filter(None, visible.split(",")))
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return process.stdout.split() if process.returncode == 0 else []
