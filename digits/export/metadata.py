"""metadata.json beside exported models: the model's name, its classes, and the preprocessing of a new image."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from digits.core.errors import UserError, reason
from digits.core.files import write_json
from digits.data.preprocessing import Preprocessing

METADATA_FILE = "metadata.json"


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str  # its name
    classes: tuple[str, ...]
    preprocessing: Preprocessing


def write_metadata(folder: Path, metadata: Metadata) -> None:
    write_json(folder / METADATA_FILE, metadata.model_dump(mode="json"))


def read_metadata(model: Path) -> Metadata | None:
    """Read metadata.json beside a model's file or SavedModel folder; return None if there is none."""
    path = model.parent / METADATA_FILE
    try:
        return Metadata.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        details = error.errors()[0]
        why = ": ".join([*map(str, details["loc"]), details["msg"]])
    except OSError as error:
        why = error.strerror or reason(error)
    raise UserError(
        f"{path} cannot be read as a model's metadata ({why}); run `dvc repro --force export` to create it again"
    )
