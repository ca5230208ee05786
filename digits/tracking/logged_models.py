"""A trained network among MLflow's models: with signature, input example, requirements and the code that serves it."""

import hashlib
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlflow.pyfunc
import numpy as np
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from digits.common.paths import CLASSES
from digits.tracking.store import Store

SERVED = Path(__file__).with_name("served.py")
LIBRARIES = ("keras", "mlflow", "numpy", "pandas", "tensorflow")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:32]


def of_run(store: Store, run_id: str) -> LoggedModel | None:
    """The one that is whole."""
    outputs = store.client.get_run(run_id).outputs
    models = [store.client.get_logged_model(output.model_id) for output in (outputs.model_outputs if outputs else [])]
    return next((model for model in models if model.status == LoggedModelStatus.READY), None)


def add(store: Store, run_id: str, name: str, network: Path, classes: list[str], example: np.ndarray) -> LoggedModel:
    found = of_run(store, run_id)
    if found is not None and found.tags.get("digest") == digest(network):
        return found
    model = store.client.create_logged_model(
        store.experiment, name, run_id, tags={"digest": digest(network)}, model_type="classifier"
    )
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "model")
        mlflow.pyfunc.save_model(
            local,
            python_model=SERVED,
            artifacts={"network": str(network), "classes": str(CLASSES)},
            signature=signature(example.shape[1:], classes),
            input_example=example,
            pip_requirements=[f"{library}=={version(library)}" for library in LIBRARIES],
            mlflow_model=Model(run_id=run_id, model_uuid=model.model_id, model_id=model.model_id),
        )
        store.client.log_model_artifacts(model.model_id, str(local))
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    store.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model


def signature(shape: tuple[int, ...], classes: list[str]) -> ModelSignature:
    answers = [ColSpec("string", "class"), *(ColSpec("float", f"p_{name}") for name in classes)]
    return ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, *shape))]), Schema(answers))
