"""Trained models in MLflow, and its registry: the winner becomes champion if it is better on the same test images."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import mlflow
import numpy as np
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from digits.config.schema import Track
from digits.core.errors import UserError, reason
from digits.core.paths import CLASSES
from digits.core.process import suppress_stderr
from digits.data.corruptions import TEST, corrupt_each_once
from digits.evaluation.metrics import Predictions, accuracy, measure
from digits.evaluation.objective import OBJECTIVES
from digits.tracking import runs
from digits.tracking.provenance import Provenance, RunInfo
from digits.tracking.store import Store, connect, location, without_password

PYFUNC_MODEL = Path(__file__).with_name("pyfunc_model.py")
LIBRARIES = ("keras", "mlflow", "numpy", "pandas", "tensorflow")
PROBABILITY = "p_"  # before a class's name: a column of what a model answers
EXAMPLES = 5
CHAMPION = "champion"
NOT_FOUND = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class EvaluationSet:
    """The test images, and what they are: only models for the same can be compared."""

    images: np.ndarray
    classes: list[str]
    labels: np.ndarray
    source: str

    @property
    def subject(self) -> str:
        shape = " × ".join(map(str, self.images.shape[1:]))
        return f"{self.source}, {shape}, {len(self.classes)} classes: {', '.join(self.classes)}"[:1000]


def logged_model(store: Store, run_id: str) -> LoggedModel | None:
    """The run's own that is whole."""
    outputs = store.client.get_run(run_id).outputs
    for output in outputs.model_outputs if outputs else []:
        try:
            model = store.client.get_logged_model(output.model_id)
        except MlflowException as error:
            if error.error_code != NOT_FOUND:
                raise
            continue  # somebody has deleted it
        if model.status == LoggedModelStatus.READY:
            return model
    return None


def log_model(store: Store, run_id: str, file: Path, test: EvaluationSet) -> None:
    """With signature, input example, requirements and the code that serves it."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    found = logged_model(store, run_id)
    if found is not None and found.tags.get("digest") == digest:
        return
    name = f"{file.parent.name}-{file.stem}"
    model = store.client.create_logged_model(
        store.experiment, name, run_id, tags={"digest": digest}, model_type="classifier"
    )
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "model")
        mlflow.pyfunc.save_model(
            local,
            python_model=PYFUNC_MODEL,
            artifacts={"model": str(file), "classes": str(CLASSES)},
            signature=signature(test),
            input_example=np.asarray(test.images[:EXAMPLES]),
            pip_requirements=[f"{library}=={metadata.version(library)}" for library in LIBRARIES],
            mlflow_model=Model(run_id=run_id, model_uuid=model.model_id, model_id=model.model_id),
        )
        store.client.log_model_artifacts(model.model_id, str(local))
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    store.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])


def signature(test: EvaluationSet) -> ModelSignature:
    answers = [ColSpec("string", "class"), *(ColSpec("float", f"{PROBABILITY}{name}") for name in test.classes)]
    return ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, *test.images.shape[1:]))]), Schema(answers))


def load(uri: str) -> tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]:
    """Of a model such as models:/digits@champion: its classes, and what gives their probabilities."""
    try:
        connect()
        with suppress_stderr():  # TensorFlow starts
            model = mlflow.pyfunc.load_model(uri)
        columns = probabilities(model.metadata.signature)
    except Exception as error:  # anybody's model, from anywhere
        why = without_password(reason(error))
        raise UserError(f"{uri} cannot be loaded from MLflow at {location()} ({why})") from None
    classes = tuple(name.removeprefix(PROBABILITY) for name in columns)
    return classes, lambda images: model.predict(images)[columns].to_numpy()


def probabilities(signature: ModelSignature | None) -> list[str]:
    names = signature.outputs.input_names() if signature and signature.outputs else []
    found = [name for name in names if str(name).startswith(PROBABILITY)]
    if not found:
        raise ValueError(f"it gives no columns {PROBABILITY}…, one for each class, as the models of this project do")
    return found


def promote(
    store: Store, provenance: Provenance, track: Track, objective: str, winner: RunInfo, test: EvaluationSet
) -> str:
    version = registered(store, provenance, track.model, winner, test)
    champion = champion_of(store, track.model)
    named = f"{track.model} {version.version} ({winner.name})"
    if champion is not None and champion.version == version.version:
        return f"{named} stays champion"
    rival = champion.version if champion else "nobody"
    against = f"{rival} by {objective}, margin {track.margin:g}, on {provenance.data_digest}"
    if version.tags.get("against") == against and version.tags["decision"] != CHAMPION:
        return f"{named}: {version.tags['reason']}"
    better, reason = decide(track, objective, version, champion, test)
    tags = {"reason": reason, "decision": CHAMPION if better else "kept out", "against": against}
    for name, value in tags.items():
        store.client.set_model_version_tag(track.model, version.version, name, value)
    store.client.update_model_version(track.model, version.version, f"{winner.name}: {reason}.")
    if better:
        store.client.set_registered_model_alias(track.model, CHAMPION, version.version)
    return f"{named}: {reason}"


def registered(store: Store, provenance: Provenance, name: str, winner: RunInfo, test: EvaluationSet) -> ModelVersion:
    for version in store.client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("fingerprint") == winner.fingerprint:
            return version
    run_id = runs.find(store, provenance, winner).info.run_id
    model_id = logged_model(store, run_id).model_id
    tags = {"fingerprint": winner.fingerprint, "subject": test.subject, **winner.tags}
    if not store.client.search_registered_models(f"name = '{name}'"):
        store.client.create_registered_model(name)
    return store.client.create_model_version(name, f"models:/{model_id}", run_id, tags, model_id=model_id)


def champion_of(store: Store, name: str) -> ModelVersion | None:
    try:
        return store.client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in (NOT_FOUND, "INVALID_PARAMETER_VALUE"):
            return None
        raise


def decide(
    track: Track, objective: str, version: ModelVersion, champion: ModelVersion | None, test: EvaluationSet
) -> tuple[bool, str]:
    if champion is None:
        return True, "becomes champion, for there was none"
    if champion.tags.get("subject") != test.subject:
        theirs = champion.tags.get("subject", "images unknown")
        return False, f"not compared with champion {champion.version}, which is for {theirs}; track.model names another"
    mine, theirs = (score(f"models:/{track.model}/{each.version}", objective, test) for each in (version, champion))
    gain = round(mine - theirs, 9)
    found = (
        f"objective ({objective}) {mine:.4f} against {theirs:.4f} of champion {champion.version} "
        f"on the same {len(test.images):,} test images"
    )
    if gain > 0 and gain >= track.margin:
        return True, f"becomes champion: {found}"
    return False, f"does not become champion: {found}; a lead of {track.margin:g} is needed (track.margin)"


def score(uri: str, objective: str, test: EvaluationSet) -> float:
    """The objective that chose the winner, of test images and of the same made harder."""
    _, predict = load(uri)
    answers, harder = (predict(np.asarray(images)) for images in (test.images, corrupt_each_once(test.images, TEST)))
    found = measure(Predictions(answers, test.labels))
    return OBJECTIVES[objective](found["test_accuracy"], found["test_loss"], accuracy(harder, test.labels))
