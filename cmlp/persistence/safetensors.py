"""The safetensors format, read strictly: 8 bytes of header length, a JSON header, the tensors.

A cmlp file also has the sha256 of header and tensors in its metadata, and no gaps between the tensors.
Format: https://github.com/huggingface/safetensors.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cmlp.layers import Array
from cmlp.persistence import files

FORMAT, VERSION = "cmlp", "2"
MOST_HEADER = 1 << 20  # bytes
ALIGNMENT = 8
DTYPES: dict[str, np.dtype] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class DamagedFileError(ValueError):
    """The file is not a cmlp file, or was damaged after it was saved."""


class Entry(NamedTuple):
    """A tensor, as the header describes it."""

    dtype: np.dtype
    shape: tuple[int, ...]
    start: int
    n_bytes: int


def begin_checksum(header: dict[str, Any]):
    """sha256 of a header without its checksum; to be updated with the tensors."""
    metadata = {key: value for key, value in header["__metadata__"].items() if key != "sha256"}
    return hashlib.sha256(json.dumps(header | {"__metadata__": metadata}, sort_keys=True).encode())


def write(path, tensors: Mapping[str, Array], metadata: dict[str, str]) -> None:
    """Write tensors (float32 or float64) and metadata to a file.

    Raises
    ------
    ValueError
        If the header exceeds the size limit.
    OSError
    """
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "version": VERSION} | metadata}
    parts: list[memoryview] = []
    end = 0
    for name, tensor in tensors.items():
        stored = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
        entry = {"dtype": NAMES[stored.dtype], "shape": list(tensor.shape)}
        header[name] = entry | {"data_offsets": [end, end + stored.nbytes]}
        parts.append(stored.reshape(-1).data.cast("B"))
        end += stored.nbytes
    digest = begin_checksum(header)
    for part in parts:
        digest.update(part)
    header["__metadata__"]["sha256"] = digest.hexdigest()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > MOST_HEADER:
        raise ValueError(f"the header must have at most {MOST_HEADER:,} bytes, got {len(text):,}")
    files.write_whole(path, [len(text).to_bytes(8, "little"), text, *parts])


class Archive:
    """An open file with a valid header; its tensors are read into arrays of the caller.

    Attributes
    ----------
    metadata : dict of str to str
    entries : dict of str to Entry
        In the order of the file, without gaps.
    """

    def __init__(self, path, file) -> None:
        self.path, self.file = path, file
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise DamagedFileError(
                f"{path} is not a cmlp file: the length of its header is {length:,} bytes, must be at most {MOST_HEADER:,} and "
                f"within the file's {size:,}"
            )
        self.header = parsed(path, file.read(length))
        self.metadata = checked_metadata(path, self.header)
        given = {name: entry for name, entry in self.header.items() if name != "__metadata__"}
        self.entries = checked_entries(path, given, size - 8 - length)

    def fill(self, arrays: Mapping[str, Array]) -> None:
        """Read all tensors into arrays with the names, shapes and dtypes of the file.

        Raises
        ------
        DamagedFileError
            If these do not match, or if the checksum is wrong; the contents of the arrays are undefined then.
        """
        if arrays.keys() != self.entries.keys():
            differing = sorted(arrays.keys() ^ self.entries.keys())
            raise DamagedFileError(f"{self.path}: missing or unknown tensors: {', '.join(differing[:5])}")
        for name, array in arrays.items():
            entry = self.entries[name]
            if array.shape != entry.shape or array.dtype != entry.dtype:
                raise DamagedFileError(
                    f"{self.path}: {name} must be {array.dtype} of shape {array.shape}, got {entry.dtype} of {entry.shape}"
                )
        digest = begin_checksum(self.header)
        for name in self.entries:
            array = arrays[name]
            part = array if array.dtype == array.dtype.newbyteorder("<") else np.empty(array.shape, self.entries[name].dtype)
            buffer = part.reshape(-1).data.cast("B")
            if self.file.readinto(buffer) != len(buffer):
                raise DamagedFileError(f"{self.path}: the file is truncated inside tensor {name}")
            digest.update(buffer)
            if part is not array:
                array[...] = part
        if digest.hexdigest() != self.metadata.get("sha256"):
            raise DamagedFileError(f"{self.path}: the checksum does not match: the file was changed after it was saved")

    def read(self, names) -> dict[str, Array]:
        """Empty arrays for these tensors, to be filled by `fill`."""
        return {name: np.empty(self.entries[name].shape, self.entries[name].dtype.newbyteorder("=")) for name in names}

    def section(self, name: str) -> dict[str, Any]:
        """A section of the metadata, a JSON object."""
        if name not in self.metadata:
            raise DamagedFileError(f"{self.path}: the metadata must have a section {name!r}, it is missing")
        part = parsed(self.path, self.metadata[name].encode())
        return part


@contextmanager
def opened(path) -> Iterator[Archive]:
    """Open a file for reading, as an `Archive`.

    Raises
    ------
    DamagedFileError
    OSError
    """
    with Path(path).open("rb") as file:
        yield Archive(path, file)


def parsed(path, text: bytes) -> dict[str, Any]:
    """A JSON object without duplicate names."""

    def once(pairs):
        made = dict(pairs)
        if len(made) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            twice = next(name for name, count in counted.items() if count > 1)
            raise DamagedFileError(f"{path}: the header has the duplicate name {twice!r}")
        return made

    def no_constant(name: str):
        raise DamagedFileError(f"{path}: the header is not valid JSON: it holds {name}")

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
    except DamagedFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path}: the header is not valid JSON: {error}") from None
    if not isinstance(header, dict):
        raise DamagedFileError(f"{path}: the header must be a JSON object, got {type(header).__name__}")
    return header


def checked_metadata(path, header) -> dict[str, str]:
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DamagedFileError(f"{path} is not a cmlp file: __metadata__ must hold strings")
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        found = f"{metadata.get('format')!r}, version {metadata.get('version')!r}"
        raise DamagedFileError(f"{path}: the format must be {FORMAT!r}, version {VERSION!r}, got {found}")
    return metadata


def checked_entries(path, given: dict[str, Any], n_bytes: int) -> dict[str, Entry]:
    """The entries by offset; they must fill the file without gaps."""
    entries, end = {}, 0
    for name, entry in sorted(given.items(), key=lambda item: start_of(path, *item)):
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] not in tuple(DTYPES):
            raise DamagedFileError(
                f"{path}: tensor {name!r} must have a dtype F32 or F64, a shape and data_offsets, got {str(entry)[:80]}"
            )
        shape, dtype = entry["shape"], DTYPES[entry["dtype"]]
        if not isinstance(shape, list) or len(shape) > 2 or not all(type(n) is int and 0 < n < 2**31 for n in shape):
            raise DamagedFileError(
                f"{path}: the shape of tensor {name!r} must be at most two positive integers, got {str(shape)[:80]}"
            )
        start, stop = entry["data_offsets"]
        needed = math.prod(shape) * dtype.itemsize
        if start != end or stop - start != needed or stop > n_bytes:
            raise DamagedFileError(
                f"{path}: tensor {name!r} of shape {shape} is at bytes [{start}, {stop}), must begin at {end}, have {needed} "
                f"bytes and end within the file's {n_bytes}"
            )
        entries[name] = Entry(dtype, tuple(shape), start, needed)
        end = stop
    if end != n_bytes:
        raise DamagedFileError(f"{path}: {n_bytes - end:,} extra bytes after the last tensor")
    return entries


def start_of(path, name, entry) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(n) is int and 0 <= n < 2**62 for n in offsets):
        raise DamagedFileError(f"{path}: tensor {name!r} must have data_offsets [begin, end], got {str(entry)[:80]}")
    return offsets[0]
