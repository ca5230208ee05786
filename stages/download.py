"""Bring the images into data/raw, in one form, whatever the source."""

from digits import sources
from digits.base.entry import run
from digits.base.files import remove, write_array, write_json
from digits.base.names import RAW
from digits.params.base import parameter
from digits.params.data import Source


def main() -> str:
    source = parameter(Source, "data.source")
    arrays = sources.load(source)
    remove(RAW)
    for name, array in arrays.items():
        write_array(RAW / f"{name}.npy", array)
    if source in sources.NAMED:
        write_json(RAW / "classes.json", sources.NAMED[source].classes)
    sizes = ", ".join(f"{name} {' × '.join(map(str, array.shape))}" for name, array in sorted(arrays.items()))
    return f"{RAW} from {source}: {sizes}"


if __name__ == "__main__":
    run(main)
