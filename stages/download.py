"""Download or read the images, and save them to data/raw in one format."""

from digits.config.load import parameter
from digits.config.schema import Group, Size, Source
from digits.core.cli import run_stage
from digits.core.files import remove, write_array, write_json
from digits.core.paths import RAW
from digits.data import sources


def main() -> str:
    source = parameter(Source, "data.source")
    arrays, classes = sources.load(source, parameter(Size, "data.size"), parameter(Group, "data.group"))
    remove(RAW)
    for name, array in arrays.items():
        write_array(RAW / f"{name}.npy", array)
    if classes:
        write_json(RAW / "classes.json", classes)
    described = sorted(name for name in arrays if name.startswith(("x_", "y_")))
    shapes = ", ".join(f"{name} {' × '.join(map(str, arrays[name].shape))}" for name in described)
    return f"{RAW} from {source}: {shapes}"


if __name__ == "__main__":
    run_stage(main)
