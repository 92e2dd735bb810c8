"""The safetensors layout, read strictly: 8 bytes of header length, a JSON header, the numbers.

Besides what the format asks for, a file of cmlp has the sha256 of its header and numbers in its metadata, and its tensors lie
one after the other without gaps. Format: https://github.com/huggingface/safetensors.
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
    """A file that was not written by cmlp, or not as it is now."""


class Entry(NamedTuple):
    """What the header says of a tensor."""

    dtype: np.dtype
    shape: tuple[int, ...]
    start: int
    n_bytes: int


def begin_checksum(header: dict[str, Any]):
    """sha256 of a header without its checksum; the numbers are to follow."""
    metadata = {key: value for key, value in header["__metadata__"].items() if key != "sha256"}
    return hashlib.sha256(json.dumps(header | {"__metadata__": metadata}, sort_keys=True).encode())


def write(path, tensors: Mapping[str, Array], metadata: dict[str, str]) -> None:
    """Tensors (float32 or float64) and a description, in one file.

    Raises
    ------
    ValueError
        If the description is longer than a reader takes.
    OSError
    """
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "version": VERSION} | metadata}
    parts: list[memoryview] = []
    end = 0
    for name, tensor in tensors.items():
        part = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<"))
        entry = {"dtype": NAMES[part.dtype], "shape": list(tensor.shape)}
        header[name] = entry | {"data_offsets": [end, end + part.nbytes]}
        parts.append(part.reshape(-1).data.cast("B"))
        end += part.nbytes
    digest = begin_checksum(header)
    for numbers in parts:
        digest.update(numbers)
    header["__metadata__"]["sha256"] = digest.hexdigest()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > MOST_HEADER:
        raise ValueError(f"the description takes {len(text):,} bytes; a file has room for {MOST_HEADER:,}")
    files.write_whole(path, [len(text).to_bytes(8, "little"), text, *parts])


class Archive:
    """An open file whose header has been checked; its numbers are read into arrays that the caller makes.

    Attributes
    ----------
    metadata : dict of str to str
    entries : dict of str to Entry
        In the order of the file, which they fill without gaps.
    """

    def __init__(self, path, file) -> None:
        self.path, self.file = path, file
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise DamagedFileError(
                f"{path} is no file of cmlp: its header would take {length:,} bytes; the file has {size:,}, "
                f"a header {MOST_HEADER:,} at most"
            )
        self.header = parsed(path, file.read(length))
        self.metadata = checked_metadata(path, self.header)
        given = {name: entry for name, entry in self.header.items() if name != "__metadata__"}
        self.entries = checked_entries(path, given, size - 8 - length)

    def fill(self, arrays: Mapping[str, Array]) -> None:
        """Read all numbers: the names, shapes and dtypes must be those of the file.

        Raises
        ------
        DamagedFileError
            If they are not, or if the checksum is wrong; then the arrays hold what is not to be used.
        """
        if arrays.keys() != self.entries.keys():
            differing = sorted(arrays.keys() ^ self.entries.keys())
            raise DamagedFileError(f"{self.path}: missing or unknown tensors: {', '.join(differing[:5])}")
        for name, array in arrays.items():
            entry = self.entries[name]
            if array.shape != entry.shape or array.dtype != entry.dtype:
                raise DamagedFileError(
                    f"{self.path}: {name} should be {array.dtype} of shape {array.shape}; it is {entry.dtype} of {entry.shape}"
                )
        digest = begin_checksum(self.header)
        for name in self.entries:
            array = arrays[name]
            part = array if array.dtype == array.dtype.newbyteorder("<") else np.empty(array.shape, self.entries[name].dtype)
            buffer = part.reshape(-1).data.cast("B")
            if self.file.readinto(buffer) != len(buffer):
                raise DamagedFileError(f"{self.path}: the file ends within {name}")
            digest.update(buffer)
            if part is not array:
                array[...] = part
        if digest.hexdigest() != self.metadata.get("sha256"):
            raise DamagedFileError(f"{self.path}: the checksum does not fit: the file was changed after it was saved")

    def read(self, names) -> dict[str, Array]:
        """Room for these tensors, to be filled."""
        return {name: np.empty(self.entries[name].shape, self.entries[name].dtype.newbyteorder("=")) for name in names}

    def section(self, name: str) -> dict[str, Any]:
        """A part of the description: an object of JSON."""
        if name not in self.metadata:
            raise DamagedFileError(f"{self.path}: no part {name!r} in the description")
        part = parsed(self.path, self.metadata[name].encode())
        return part


@contextmanager
def opened(path) -> Iterator[Archive]:
    """An archive to read from.

    Raises
    ------
    DamagedFileError
    OSError
    """
    with Path(path).open("rb") as file:
        yield Archive(path, file)


def parsed(path, text: bytes) -> dict[str, Any]:
    """An object of JSON, whose names all differ."""

    def once(pairs):
        made = dict(pairs)
        if len(made) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            twice = next(name for name, count in counted.items() if count > 1)
            raise DamagedFileError(f"{path}: the header names {twice!r} twice")
        return made

    def no_constant(name: str):
        raise DamagedFileError(f"{path}: the header holds {name}, which is no number of JSON")

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
    except DamagedFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path}: the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise DamagedFileError(f"{path}: the header is a {type(header).__name__}, not an object")
    return header


def checked_metadata(path, header) -> dict[str, str]:
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DamagedFileError(f"{path}: no __metadata__ of texts, so no network of cmlp")
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        found = f"{metadata.get('format')!r}, version {metadata.get('version')!r}"
        raise DamagedFileError(f"{path}: format {found}; this cmlp reads {FORMAT!r}, version {VERSION!r}")
    return metadata


def checked_entries(path, given: dict[str, Any], n_bytes: int) -> dict[str, Entry]:
    """The entries in the order in which they lie: one after the other, to the last byte."""
    entries, end = {}, 0
    for name, entry in sorted(given.items(), key=lambda item: start_of(path, *item)):
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] not in tuple(DTYPES):
            raise DamagedFileError(f"{path}: tensor {name!r} is not described by a dtype F32 or F64, a shape and offsets")
        shape, dtype = entry["shape"], DTYPES[entry["dtype"]]
        if not isinstance(shape, list) or len(shape) > 2 or not all(type(n) is int and 0 < n < 2**31 for n in shape):
            raise DamagedFileError(f"{path}: tensor {name!r} has the shape {str(shape)[:80]}")
        start, stop = entry["data_offsets"]
        needed = math.prod(shape) * dtype.itemsize
        if start != end or stop - start != needed or stop > n_bytes:
            raise DamagedFileError(
                f"{path}: tensor {name!r} of shape {shape} lies at [{start}, {stop}); it should begin at {end}, take "
                f"{needed} bytes and end within the file's {n_bytes}"
            )
        entries[name] = Entry(dtype, tuple(shape), start, needed)
        end = stop
    if end != n_bytes:
        raise DamagedFileError(f"{path}: {n_bytes - end:,} bytes behind the last tensor belong to nothing")
    return entries


def start_of(path, name, entry) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(n) is int and 0 <= n < 2**62 for n in offsets):
        raise DamagedFileError(f"{path}: tensor {name!r} has no data_offsets [begin, end]")
    return offsets[0]
