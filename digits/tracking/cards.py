"""What a run says of itself from its first moment on, for a model, a search and a trial."""

from dataclasses import dataclass
from typing import Any

from digits.tracking.place import Place, flattened

SHARED = ("data", "prepare", "runtime")


@dataclass(frozen=True)
class Card:
    name: str
    kind: str
    fingerprint: str
    stage: str
    about: str
    parameters: dict[str, str]
    tags: dict[str, str]


def of_model(place: Place, begun: dict[str, Any]) -> Card:
    family, variant, seed = begun["family"], begun["variant"], begun["seed"]
    return Card(
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


def of_search(place: Place, begun: dict[str, Any]) -> Card:
    family = begun["family"]
    return Card(
        name=f"{family} search",
        kind="search",
        fingerprint=begun["fingerprint"],
        stage=f"tune@{family}",
        about=f"The search for the {family}'s hyperparameters, with its trials below it",
        parameters=place.chosen(*SHARED, "tune.seed", "tune.threads_per_worker", f"tune.{family}", f"models.{family}"),
        tags={"family": family},
    )


def of_trial(place: Place, search: Card, begun: dict[str, Any]) -> Card:
    family, number = search.tags["family"], begun["trial"]
    first = ": the baseline's own recipe" if number == 0 else ""
    return Card(
        name=f"{family} trial {number}",
        kind="trial",
        fingerprint=f"{search.fingerprint}/{number}",
        stage=search.stage,
        about=f"Trial {number} of the search for the {family}'s hyperparameters{first}",
        parameters=place.chosen(*SHARED, "tune.seed", "tune.threads_per_worker", f"tune.{family}.rungs")
        | flattened(begun["hyperparameters"], f"models.{family}"),
        tags={"family": family, "trial": str(number)},
    )


def of(place: Place, begun: dict[str, Any], search: Card | None) -> Card:
    if search is not None:
        return of_trial(place, search, begun)
    return of_model(place, begun) if "variant" in begun else of_search(place, begun)
