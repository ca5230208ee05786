"""Log trained models to MLflow; make the winner champion if it beats the current champion on the same test images."""

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
from digits.data.corruptions import TEST_STREAM, corrupt_each_once
from digits.evaluation.metrics import Predictions, accuracy, compute_metrics
from digits.evaluation.objective import OBJECTIVES
from digits.tracking import runs
from digits.tracking.provenance import Provenance, RunInfo
from digits.tracking.store import Store, connect, location, without_password

PYFUNC_MODEL = Path(__file__).with_name("pyfunc_model.py")
LIBRARIES = ("keras", "mlflow", "numpy", "pandas", "tensorflow")
PROBABILITY = "p_"  # prefix of the column with a class's probabilities
N_EXAMPLES = 5
CHAMPION = "champion"
NOT_FOUND = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class EvaluationSet:
    images: np.ndarray
    classes: list[str]
    labels: np.ndarray
    source: str

    @property
    def subject(self) -> str:
        """The source, shape and classes of the images: only models with the same subject are compared."""
        shape = " × ".join(map(str, self.images.shape[1:]))
        return f"{self.source}, {shape}, {len(self.classes)} classes: {', '.join(self.classes)}"[:1000]


def logged_model(store: Store, run_id: str) -> LoggedModel | None:
    """Return the run's model if its upload is complete."""
    outputs = store.client.get_run(run_id).outputs
    for output in outputs.model_outputs if outputs else []:
        try:
            model = store.client.get_logged_model(output.model_id)
        except MlflowException as error:
            if error.error_code != NOT_FOUND:
                raise
            continue  # it has been deleted
        if model.status == LoggedModelStatus.READY:
            return model
    return None


def log_model(store: Store, run_id: str, file: Path, test: EvaluationSet) -> None:
    """Log the model with signature, input example, requirements and the code that serves it."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    existing = logged_model(store, run_id)
    if existing is not None and existing.tags.get("digest") == digest:
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
            input_example=np.asarray(test.images[:N_EXAMPLES]),
            pip_requirements=[f"{library}=={metadata.version(library)}" for library in LIBRARIES],
            mlflow_model=Model(run_id=run_id, model_uuid=model.model_id, model_id=model.model_id),
        )
        store.client.log_model_artifacts(model.model_id, str(local))
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    store.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])


def signature(test: EvaluationSet) -> ModelSignature:
    columns = [ColSpec("string", "class"), *(ColSpec("float", f"{PROBABILITY}{name}") for name in test.classes)]
    return ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, *test.images.shape[1:]))]), Schema(columns))


def load(uri: str) -> tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]:
    """Load a model such as models:/digits@champion; return its classes and a function that predicts probabilities."""
    try:
        connect()
        with suppress_stderr():  # TensorFlow prints messages when it starts
            model = mlflow.pyfunc.load_model(uri)
        columns = probability_columns(model.metadata.signature)
    except Exception as error:  # the URI may name a model of any kind
        why = without_password(reason(error))
        raise UserError(f"{uri} cannot be loaded from MLflow at {location()} ({why})") from None
    classes = tuple(name.removeprefix(PROBABILITY) for name in columns)
    return classes, lambda images: model.predict(images)[columns].to_numpy()


def probability_columns(signature: ModelSignature | None) -> list[str]:
    names = signature.outputs.input_names() if signature and signature.outputs else []
    columns = [name for name in names if str(name).startswith(PROBABILITY)]
    if not columns:
        raise ValueError(f"its output lacks columns {PROBABILITY}…, one for each class, as models of this project have")
    return columns


def promote(
    store: Store, provenance: Provenance, track: Track, objective: str, winner: RunInfo, test: EvaluationSet
) -> str:
    """Register the winner, and make it champion if it beats the current one; return the decision as a sentence."""
    version = find_or_register(store, provenance, track.model, winner, test)
    champion = find_champion(store, track.model)
    name = f"{track.model} {version.version} ({winner.name})"
    if champion is not None and champion.version == version.version:
        return f"{name} stays champion"
    rival = champion.version if champion else "nobody"
    against = f"{rival} by {objective}, margin {track.margin:g}, on {provenance.data_digest}"
    if version.tags.get("against") == against and version.tags["decision"] != CHAMPION:
        return f"{name}: {version.tags['reason']}"
    is_better, reason = decide(track, objective, version, champion, test)
    tags = {"reason": reason, "decision": CHAMPION if is_better else "kept out", "against": against}
    for tag, value in tags.items():
        store.client.set_model_version_tag(track.model, version.version, tag, value)
    store.client.update_model_version(track.model, version.version, f"{winner.name}: {reason}.")
    if is_better:
        store.client.set_registered_model_alias(track.model, CHAMPION, version.version)
    return f"{name}: {reason}"


def find_or_register(
    store: Store, provenance: Provenance, name: str, winner: RunInfo, test: EvaluationSet
) -> ModelVersion:
    for version in store.client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("fingerprint") == winner.fingerprint:
            return version
    run_id = runs.find(store, provenance, winner).info.run_id
    model_id = logged_model(store, run_id).model_id
    tags = {"fingerprint": winner.fingerprint, "subject": test.subject, **winner.tags}
    if not store.client.search_registered_models(f"name = '{name}'"):
        store.client.create_registered_model(name)
    return store.client.create_model_version(name, f"models:/{model_id}", run_id, tags, model_id=model_id)


def find_champion(store: Store, name: str) -> ModelVersion | None:
    try:
        return store.client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in (NOT_FOUND, "INVALID_PARAMETER_VALUE"):
            return None
        raise


def decide(
    track: Track, objective: str, candidate: ModelVersion, champion: ModelVersion | None, test: EvaluationSet
) -> tuple[bool, str]:
    if champion is None:
        return True, "becomes champion: there was none"
    if champion.tags.get("subject") != test.subject:
        subject = champion.tags.get("subject", "unknown images")
        return False, f"not compared with champion {champion.version}, a model for {subject}; set another track.model"
    candidate_score, champion_score = (
        score(f"models:/{track.model}/{version.version}", objective, test) for version in (candidate, champion)
    )
    gain = round(candidate_score - champion_score, 9)
    comparison = (
        f"objective ({objective}) {candidate_score:.4f} against {champion_score:.4f} of champion {champion.version} "
        f"on the same {len(test.images):,} test images"
    )
    if gain > 0 and gain >= track.margin:
        return True, f"becomes champion: {comparison}"
    return False, f"does not become champion: {comparison}; the lead must be at least {track.margin:g} (track.margin)"


def score(uri: str, objective: str, test: EvaluationSet) -> float:
    """Return the search's objective, computed on the test images and on corrupted test images."""
    _, predict = load(uri)
    images = test.images, corrupt_each_once(test.images, TEST_STREAM)
    probabilities, corrupted_probabilities = (predict(np.asarray(batch)) for batch in images)
    metrics = compute_metrics(Predictions(probabilities, test.labels))
    corrupted_accuracy = accuracy(corrupted_probabilities, test.labels)
    return OBJECTIVES[objective](metrics["test_accuracy"], metrics["test_loss"], corrupted_accuracy)
