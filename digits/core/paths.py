"""Names of models, and paths of the files and folders that stages share."""

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
    """Return the folder with the models of all seeds."""
    return MODELS / f"{family}-{variant}"


def model_file(name: str) -> Path:
    """Return the path of a model, e.g. models/cnn-tuned/3.keras for "cnn-tuned-3"."""
    return MODELS / "{}/{}.keras".format(*name.rsplit("-", 1))


def history_file(name: str) -> Path:
    """Return the path of a model's record, next to the model."""
    return model_file(name).with_suffix(".json")


def trial_name(family: str, search_seed: int, number: int) -> str:
    return f"{family}-trial-{search_seed}-{number}"


def search_file(family: str) -> Path:
    """Return the file with all searches of a family."""
    return MODELS / f"{family}-search.json"


def model_names(families: tuple[str, ...], seeds: tuple[int, ...]) -> list[str]:
    return [model_name(family, variant, seed) for family in families for variant in VARIANTS for seed in seeds]
