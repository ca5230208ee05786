"""What things are called, so that every stage finds what another one wrote."""

from pathlib import Path

RAW = Path("data/raw")
PREPARED = Path("data/prepared")
CLASSES = PREPARED / "classes.json"
PREDICTIONS = Path("data/predictions")
MODELS = Path("models")
REPORTS = Path("reports")

VARIANTS = ("baseline", "tuned")


def model_name(family: str, variant: str, seed: int) -> str:
    return f"{family}-{variant}-{seed}"


def models_folder(family: str, variant: str) -> Path:
    """Of all seeds."""
    return MODELS / f"{family}-{variant}"


def model_file(name: str) -> Path:
    return MODELS / "{}/{}.keras".format(*name.rsplit("-", 1))


def history_file(name: str) -> Path:
    return model_file(name).with_suffix(".json")


def trial_name(family: str, seed: int, number: int) -> str:
    """Of the search with this seed."""
    return f"{family}-trial-{seed}-{number}"


def search_file(family: str) -> Path:
    """Of all its searches."""
    return MODELS / f"{family}-search.json"


def model_names(families: tuple[str, ...], seeds: tuple[int, ...]) -> list[str]:
    return [model_name(family, variant, seed) for family in families for variant in VARIANTS for seed in seeds]
