"""The file formats images come in, read into arrays without trusting a byte: IDX, and .npz, .gz and .zip around it."""

import gzip
import hashlib
import io
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from digits.core.errors import UserError, reason

Arrays = dict[str, np.ndarray]

IDX_KEYS = {
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
KEYS = tuple(IDX_KEYS.values())
UNSIGNED_BYTE = 8
MOST_BYTES = 128 << 20  # of a download, packed or unpacked
UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zlib.error, zipfile.BadZipFile)


def decode_idx(data: bytes) -> np.ndarray:
    """A magic number, the lengths as big-endian 32-bit integers, then the values."""
    if len(data) < 4 or data[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise ValueError("not an IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + shape.nbytes).reshape(shape).copy()


def idx_header(array: np.ndarray) -> bytes:
    if array.dtype != np.uint8:
        raise ValueError(f"{array.dtype} values where uint8 belong")
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)


def idx_digest(array: np.ndarray) -> str:
    """SHA-256 of the IDX file that holds this array, so that it is the same wherever the array came from."""
    return hashlib.sha256(idx_header(array) + array.tobytes()).hexdigest()


def read_npz(file: BinaryIO) -> tuple[Arrays, list[str]]:
    """The arrays we know, and the names of all there are."""
    archive = np.load(file, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array")
    with archive:
        arrays = {key: archive[key] for key in KEYS if key in archive.files}
        if other := [key for key, array in arrays.items() if not isinstance(array, np.ndarray)]:
            raise ValueError(f"{other[0]} is not an array")
        return arrays, list(archive.files)


def load_npz(path: Path) -> Arrays:
    try:
        with path.open("rb") as file:
            arrays, found = read_npz(file)
    except Exception as error:  # NumPy's reader does not expect every way in which a file can be damaged
        how = "make it with numpy.savez_compressed"
        raise UserError(f"is not a complete .npz file of arrays ({reason(error)}); {how}") from None
    needed = KEYS if {"x_test", "y_test"} & set(found) else KEYS[:2]
    if missing := [key for key in needed if key not in arrays]:
        raise UserError(
            f"lacks {' and '.join(missing)} and has {', '.join(found) or 'no arrays at all'}; "
            "x_train and y_train must be there, x_test and y_test may be, both or neither"
        )
    return arrays


def decode(name: str, data: bytes) -> Arrays:
    if name.endswith(".gz"):
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MOST_BYTES + 1)
        limit(len(unpacked))
        return {IDX_KEYS[name.removesuffix(".gz")]: decode_idx(unpacked)}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        limit(sum(member.file_size for member in archive.infolist()))
        if name.endswith(".npz"):
            return read_npz(io.BytesIO(data))[0]
        members = {PurePosixPath(member).name.replace(".", "-"): member for member in archive.namelist()}
        return {key: decode_idx(archive.read(members[file])) for file, key in IDX_KEYS.items() if file in members}


def limit(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
