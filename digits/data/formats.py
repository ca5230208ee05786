"""Decode the file formats of data sets: IDX and .npz, also inside .gz and .zip. All content is validated.

Messages of `UserError` complete the sentence "data.source: FILE …", which `sources.load` begins; those of `ValueError`
stand in parentheses after the name of the file or source.
"""

import gzip
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from digits.core.errors import UserError, reason
from digits.data.hashes import hash_groups

Arrays = dict[str, np.ndarray]

IDX_KEYS = {
    "train-images-idx3-ubyte": "x_train",
    "train-labels-idx1-ubyte": "y_train",
    "t10k-images-idx3-ubyte": "x_test",
    "t10k-labels-idx1-ubyte": "y_test",
}
KEYS = tuple(IDX_KEYS.values())
UNSIGNED_BYTE = 8
MAX_BYTES = 128 << 20  # of a downloaded file, compressed and decompressed
DECODING_ERRORS = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zlib.error, zipfile.BadZipFile)


def decode_idx(data: bytes) -> np.ndarray:
    """Decode a magic number, the lengths as big-endian 32-bit integers, then the values."""
    if len(data) < 4 or data[:3] != bytes((0, 0, UNSIGNED_BYTE)):
        raise ValueError("not an IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + shape.nbytes).reshape(shape).copy()


def idx_header(array: np.ndarray) -> bytes:
    if array.dtype != np.uint8:
        raise ValueError(f"{array.dtype} values instead of uint8")
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)


def idx_digest(array: np.ndarray) -> str:
    """Return the SHA-256 of the array as an IDX file, so that it does not depend on the downloaded format."""
    return hashlib.sha256(idx_header(array) + array.tobytes()).hexdigest()


def read_npz(file: BinaryIO, keys: Sequence[str] = KEYS) -> tuple[Arrays, list[str]]:
    """Return the arrays with these names, and the names of all arrays."""
    archive = np.load(file, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array")
    with archive:
        arrays = {key: archive[key] for key in keys if key in archive.files}
        if invalid := [key for key, array in arrays.items() if not isinstance(array, np.ndarray)]:
            raise ValueError(f"{invalid[0]} is not an array")
        return arrays, list(archive.files)


def load_npz(path: Path, group: str | None = None) -> Arrays:
    group_keys = (f"{group}_train", f"{group}_test") if group else ()
    try:
        with path.open("rb") as file:
            arrays, names = read_npz(file, (*KEYS, *group_keys))
    except Exception as error:  # NumPy raises errors of many types if a file is damaged
        raise UserError(
            f"is not a complete .npz file of arrays ({reason(error)}); create it with numpy.savez_compressed"
        ) from None
    required = KEYS if {"x_test", "y_test"} & set(names) else KEYS[:2]
    if missing := [key for key in required if key not in arrays]:
        raise UserError(
            f"lacks {' and '.join(missing)} and has {', '.join(names) or 'no arrays at all'}; "
            "x_train and y_train are required, x_test and y_test are optional, but only together"
        )
    for group_key, key in zip(group_keys, ("y_train", "y_test"), strict=False):
        if key in arrays:
            arrays[key.replace("y", "group")] = npz_groups(arrays.pop(group_key, None), group_key, arrays[key])
    return arrays


def npz_groups(groups: np.ndarray | None, name: str, labels: np.ndarray) -> np.ndarray:
    if groups is None:
        raise UserError(f"lacks {name}, the groups that data.group names")
    if groups.shape != labels.shape:
        raise UserError(f"has {name} of shape {groups.shape}, and there must be one group for each label")
    return hash_groups(groups.tolist())


def decode_file(name: str, data: bytes) -> Arrays:
    if name.endswith(".gz"):
        decompressed = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)
        validate_size(len(decompressed))
        return {IDX_KEYS[name.removesuffix(".gz")]: decode_idx(decompressed)}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        validate_size(sum(member.file_size for member in archive.infolist()))
        if name.endswith(".npz"):
            return read_npz(io.BytesIO(data))[0]
        members = {PurePosixPath(member).name.replace(".", "-"): member for member in archive.namelist()}
        return {key: decode_idx(archive.read(members[file])) for file, key in IDX_KEYS.items() if file in members}


def validate_size(n_bytes: int) -> None:
    if n_bytes > MAX_BYTES:
        raise ValueError(f"it decompresses to more than {MAX_BYTES:,} bytes")
