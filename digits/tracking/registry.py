"""Log trained models to MLflow; make a new model champion if it beats the current one on the same test images."""

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

from digits.config.load import setting
from digits.config.schema import Runtime, Track
from digits.core.errors import UserError, reason
from digits.core.paths import CLASSES
from digits.core.process import suppress_stderr
from digits.data.corruptions import TEST_STREAM, corrupt_each_once
from digits.evaluation.metrics import Predictions, accuracy, compute_metrics
from digits.evaluation.objective import OBJECTIVES
from digits.models import runtime
from digits.tracking import runs
from digits.tracking.provenance import Provenance, RunInfo
from digits.tracking.store import Store, connect, location, without_password

PYFUNC_MODEL = Path(__file__).with_name("pyfunc_model.py")
SERVING_LIBRARIES = ("keras", "mlflow", "numpy", "pandas", "tensorflow")
PROBABILITY_PREFIX = "p_"  # of the names of columns with probabilities
N_EXAMPLES = 5
CHAMPION = "champion"  # an alias, and the decision on a version that becomes champion
REJECTED = "kept out"  # the decision on any other version
NOT_FOUND = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class EvaluationSet:
    images: np.ndarray
    classes: list[str]
    labels: np.ndarray
    source: str

    @property
    def task_description(self) -> str:
        """The source, shape and classes of the images. Only models of the same task are compared."""
        shape = " × ".join(map(str, self.images.shape[1:]))
        return f"{self.source}, {shape}, {len(self.classes)} classes: {', '.join(self.classes)}"[:1000]


def find_logged_model(store: Store, run_id: str) -> LoggedModel | None:
    """Return the run's model, or None if it has none or its upload is incomplete."""
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
    existing = find_logged_model(store, run_id)
    if existing is not None and existing.tags.get("digest") == digest:
        return
    name = f"{file.parent.name}-{file.stem}"
    model = store.client.create_logged_model(
        store.mlflow_experiment, name, run_id, tags={"digest": digest}, model_type="classifier"
    )
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "model")
        mlflow.pyfunc.save_model(
            local,
            python_model=PYFUNC_MODEL,
            artifacts={"model": str(file), "classes": str(CLASSES)},
            signature=signature(test),
            input_example=np.asarray(test.images[:N_EXAMPLES]),
            pip_requirements=[f"{library}=={metadata.version(library)}" for library in SERVING_LIBRARIES],
            mlflow_model=Model(run_id=run_id, model_uuid=model.model_id, model_id=model.model_id),
        )
        store.client.log_model_artifacts(model.model_id, str(local))
    store.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    store.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])


def signature(test: EvaluationSet) -> ModelSignature:
    columns = [ColSpec("string", "class"), *(ColSpec("float", f"{PROBABILITY_PREFIX}{name}") for name in test.classes)]
    return ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, *test.images.shape[1:]))]), Schema(columns))


def load_classifier(uri: str) -> tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]:
    """Load a model such as models:/digits@champion; return its classes and a function that predicts probabilities."""
    try:
        connect()
        runtime.start(setting(Runtime, "runtime"))
        with suppress_stderr():  # Keras prints messages when it loads a model
            model = mlflow.pyfunc.load_model(uri)
        columns = probability_columns(model.metadata.signature)
    except Exception as error:  # the URI may name a model of any kind
        message = without_password(reason(error))
        raise UserError(f"{uri} cannot be loaded from MLflow at {location()} ({message})") from None
    classes = tuple(name.removeprefix(PROBABILITY_PREFIX) for name in columns)
    return classes, lambda images: model.predict(images)[columns].to_numpy()


def probability_columns(signature: ModelSignature | None) -> list[str]:
    names = signature.outputs.input_names() if signature and signature.outputs else []
    columns = [name for name in names if str(name).startswith(PROBABILITY_PREFIX)]
    if not columns:
        raise ValueError(
            f"its output lacks columns {PROBABILITY_PREFIX}…, one for each class, as models of this project have"
        )
    return columns


def promote(
    store: Store, provenance: Provenance, track: Track, objective: str, candidate: RunInfo, test: EvaluationSet
) -> str:
    """Register the candidate, and make it champion if it beats the current champion.

    Return the decision as a sentence. The tags of the candidate's version record it with its conditions, so that it is
    not computed again under the same conditions.
    """
    version = find_or_register(store, provenance, track.model, candidate, test)
    champion = find_champion(store, track.model)
    label = f"{track.model} {version.version} ({candidate.name})"
    if champion is not None and champion.version == version.version:
        return f"{label} stays champion"
    opponent = champion.version if champion else "nobody"
    conditions = f"{opponent} by {objective}, margin {track.margin:g}, on {provenance.data_digest}"
    was_rejected = version.tags.get("against") == conditions and version.tags["decision"] != CHAMPION
    if was_rejected:
        return f"{label}: {version.tags['reason']}"
    is_promoted, explanation = decide(track, objective, version, champion, test)
    tags = {"reason": explanation, "decision": CHAMPION if is_promoted else REJECTED, "against": conditions}
    for tag, value in tags.items():
        store.client.set_model_version_tag(track.model, version.version, tag, value)
    store.client.update_model_version(track.model, version.version, f"{candidate.name}: {explanation}.")
    if is_promoted:
        store.client.set_registered_model_alias(track.model, CHAMPION, version.version)
    return f"{label}: {explanation}"


def find_or_register(
    store: Store, provenance: Provenance, name: str, candidate: RunInfo, test: EvaluationSet
) -> ModelVersion:
    for version in store.client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("fingerprint") == candidate.fingerprint:
            return version
    run_id = runs.find(store, provenance, candidate).info.run_id
    model_id = find_logged_model(store, run_id).model_id
    tags = {"fingerprint": candidate.fingerprint, "subject": test.task_description, **candidate.tags}
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
    """Return whether the candidate becomes champion, and an explanation."""
    if champion is None:
        return True, "becomes champion: there was none"
    if champion.tags.get("subject") != test.task_description:
        champion_task = champion.tags.get("subject", "unknown images")
        obstacle = f"not compared with champion {champion.version}, a model for {champion_task}"
        return False, f"{obstacle}; set a different track.model"
    candidate_score, champion_score = (
        score(f"models:/{track.model}/{version.version}", objective, test) for version in (candidate, champion)
    )
    lead = round(candidate_score - champion_score, 9)
    comparison = (
        f"objective ({objective}) {candidate_score:.4f} against {champion_score:.4f} of champion {champion.version} "
        f"on the same {len(test.images):,} test images"
    )
    if lead > 0 and lead >= track.margin:
        return True, f"becomes champion: {comparison}"
    return False, f"does not become champion: {comparison}; the lead must be at least {track.margin:g} (track.margin)"


def score(uri: str, objective: str, test: EvaluationSet) -> float:
    """Return the search's objective, computed on the test images and on corrupted test images."""
    _, predict = load_classifier(uri)
    images = test.images, corrupt_each_once(test.images, TEST_STREAM)
    probabilities, corrupted_probabilities = (predict(np.asarray(batch)) for batch in images)
    metrics = compute_metrics(Predictions(probabilities, test.labels))
    corrupted_accuracy = accuracy(corrupted_probabilities, test.labels)
    return OBJECTIVES[objective](metrics["test_accuracy"], metrics["test_loss"], corrupted_accuracy)
