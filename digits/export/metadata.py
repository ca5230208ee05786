"""metadata.json beside exported models: the model's name, its classes, and how to preprocess a new image for it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digits.core.errors import UserError, reason
from digits.core.files import write_json
from digits.data.preprocessing import Preprocessing

METADATA_FILE = "metadata.json"


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing


def write_metadata(folder: Path, metadata: Metadata) -> None:
    write_json(folder / METADATA_FILE, metadata.model_dump(mode="json"))


def read_metadata(model: Path) -> Metadata | None:
    """From the folder of a model's file, or of a SavedModel's folder; None where there is no metadata.json."""
    path = model.parent / METADATA_FILE
    try:
        return Metadata.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        why = ": ".join([*map(str, first["loc"]), first["msg"]])
    except OSError as error:
        why = error.strerror or reason(error)
    raise UserError(f"{path} cannot be read as a model's metadata ({why}); `dvc repro --force export` writes it again")
