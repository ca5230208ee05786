"""What a run says of itself from its first moment on, for a model, a search and a trial."""

from dataclasses import dataclass
from typing import Any

from digits.tracking.provenance import Provenance, flattened

SHARED = ("data", "prepare", "runtime")


@dataclass(frozen=True)
class RunInfo:
    name: str
    kind: str
    fingerprint: str
    stage: str
    about: str
    parameters: dict[str, str]
    tags: dict[str, str]


def of_model(place: Provenance, begun: dict[str, Any]) -> RunInfo:
    family, variant, seed = begun["family"], begun["variant"], begun["seed"]
    return RunInfo(
        name=f"{family} {variant}, seed {seed}",
        kind="model",
        fingerprint=begun["fingerprint"],
        stage=f"train_{variant}@{family}-{seed}",
        about=f"The {variant} {family}, trained with seed {seed}",
        parameters=place.chosen(*SHARED, "train")
        | {"seed": str(seed)}
        | flattened(begun["hyperparameters"], f"models.{family}"),
        tags={"family": family, "variant": variant, "seed": str(seed)},
    )


def of_search(place: Provenance, begun: dict[str, Any]) -> RunInfo:
    family = begun["family"]
    return RunInfo(
        name=f"{family} search",
        kind="search",
        fingerprint=begun["fingerprint"],
        stage=f"tune@{family}",
        about=f"The search for the {family}'s hyperparameters, with its trials below it",
        parameters=place.chosen(*SHARED, "tune.seed", "pool.threads_per_worker", f"tune.{family}", f"models.{family}"),
        tags={"family": family},
    )


def of_trial(place: Provenance, search: RunInfo, begun: dict[str, Any]) -> RunInfo:
    family, number = search.tags["family"], begun["trial"]
    first = ": the baseline's own recipe" if number == 0 else ""
    return RunInfo(
        name=f"{family} trial {number}",
        kind="trial",
        fingerprint=f"{search.fingerprint}/{number}",
        stage=search.stage,
        about=f"Trial {number} of the search for the {family}'s hyperparameters{first}",
        parameters=place.chosen(*SHARED, "tune.seed", "pool.threads_per_worker", f"tune.{family}.rungs")
        | flattened(begun["hyperparameters"], f"models.{family}"),
        tags={"family": family, "trial": str(number)},
    )


def of(place: Provenance, begun: dict[str, Any], search: RunInfo | None) -> RunInfo:
    if search is not None:
        return of_trial(place, search, begun)
    return of_model(place, begun) if "variant" in begun else of_search(place, begun)
