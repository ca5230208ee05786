"""Download or read the images, and save them to data/raw in one format."""

from digits.config.load import parameter
from digits.config.schema import Size, Source
from digits.core.cli import run_stage
from digits.core.files import remove, write_array, write_json
from digits.core.paths import RAW
from digits.data import sources


def main() -> str:
    source = parameter(Source, "data.source")
    arrays, classes = sources.load(source, parameter(Size, "data.size"))
    remove(RAW)
    for name, array in arrays.items():
        write_array(RAW / f"{name}.npy", array)
    if classes:
        write_json(RAW / "classes.json", classes)
    shapes = ", ".join(f"{name} {' × '.join(map(str, array.shape))}" for name, array in sorted(arrays.items()))
    return f"{RAW} from {source}: {shapes}"


if __name__ == "__main__":
    run_stage(main)
