"""The winner in MLflow's registry. It becomes the champion only if it is better on the same test images."""

from dataclasses import dataclass

import mlflow
import numpy as np
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from digits.evaluation.selection import validation_score
from digits.models.runtime import held_back_stderr
from digits.params.schema import Track
from digits.tracking import logged_models, runs
from digits.tracking.provenance import Provenance
from digits.tracking.records import RunRecord
from digits.tracking.store import Store

CHAMPION = "champion"


@dataclass(frozen=True)
class Examination:
    """The test images, and what they are: only models for the same can be compared."""

    images: np.ndarray
    classes: list[str]
    labels: np.ndarray
    source: str

    @property
    def subject(self) -> str:
        shape = " × ".join(map(str, self.images.shape[1:]))
        return f"{self.source}, {shape}, {len(self.classes)} classes: {', '.join(self.classes)}"[:1000]


def winner(outcomes: list[RunRecord]) -> RunRecord:
    models = [outcome for outcome in outcomes if outcome.network]
    return max(models, key=lambda each: validation_score(each.curve[-1]))


def promote(store: Store, place: Provenance, track: Track, best: RunRecord, test: Examination) -> str:
    version = registered(store, place, track.model, best, test)
    champion = champion_of(store, track.model)
    if champion is not None and champion.version == version.version:
        return f"{track.model} {version.version} ({best.card.name}) stays champion"
    against = f"{champion.version if champion else 'nobody'} on {place.digest}"
    if version.tags.get("against") == against:
        return f"{track.model} {version.version} ({best.card.name}): {version.tags['reason']}"
    moves, reason = decide(track, best, champion, test)
    said = {"against": against, "reason": reason, "decision": CHAMPION if moves else "kept out"}
    for name, value in said.items():
        store.client.set_model_version_tag(track.model, version.version, name, value)
    store.client.update_model_version(track.model, version.version, f"{best.card.name}: {reason}.")
    if moves:
        store.client.set_registered_model_alias(track.model, CHAMPION, version.version)
    return f"{track.model} {version.version} ({best.card.name}): {reason}"


def registered(store: Store, place: Provenance, name: str, best: RunRecord, test: Examination) -> ModelVersion:
    for version in store.client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("fingerprint") == best.card.fingerprint:
            return version
    run = runs.find(store, place, best.card)
    model = logged_models.of_run(store, run.info.run_id)
    about = {"fingerprint": best.card.fingerprint, "subject": test.subject, **best.card.tags}
    if not store.client.search_registered_models(f"name = '{name}'"):
        store.client.create_registered_model(name)
    return store.client.create_model_version(
        name, f"models:/{model.model_id}", run.info.run_id, about, model_id=model.model_id
    )


def champion_of(store: Store, name: str) -> ModelVersion | None:
    try:
        return store.client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def decide(track: Track, best: RunRecord, champion: ModelVersion | None, test: Examination) -> tuple[bool, str]:
    if champion is None:
        return True, "becomes champion, for there was none"
    if champion.tags.get("subject") != test.subject:
        theirs = champion.tags.get("subject", "images unknown")
        return False, f"not compared with champion {champion.version}, which is for {theirs}; track.model names another"
    theirs = score(f"models:/{track.model}/{champion.version}", test)
    mine = best.metrics["test_accuracy"]
    gain = round(mine - theirs, 9)
    how = f"{mine:.2%} against {theirs:.2%} of champion {champion.version} on the same {len(test.images):,} test images"
    if gain > 0 and gain >= track.margin:
        return True, f"becomes champion: {how}"
    return False, f"does not become champion: {how}, and {100 * track.margin:g} points more are needed"


def score(uri: str, test: Examination) -> float:
    with held_back_stderr():  # TensorFlow starts
        model = mlflow.pyfunc.load_model(uri)
    answers = model.predict(np.asarray(test.images))["class"]
    return float((answers.to_numpy() == np.array(test.classes)[test.labels]).mean())
