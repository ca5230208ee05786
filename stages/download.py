"""Bring the images into data/raw, in one form, whatever the source."""

from digits.config.load import parameter
from digits.config.schema import Size, Source
from digits.core.cli import run
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
    sizes = ", ".join(f"{name} {' × '.join(map(str, array.shape))}" for name, array in sorted(arrays.items()))
    return f"{RAW} from {source}: {sizes}"


if __name__ == "__main__":
    run(main)
