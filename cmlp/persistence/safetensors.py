"""The safetensors layout, read strictly: 8 bytes of header length, a JSON header, the numbers.

Besides what the format asks for, a file of cmlp has the sha256 of its header and numbers in its metadata, and its tensors lie
one after the other without gaps. Format: https://github.com/huggingface/safetensors.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import files
from cmlp.layers import Array

FORMAT, VERSION = "cmlp", "1"
MOST_HEADER = 1 << 20  # bytes
ALIGNMENT = 8
DTYPES: dict[str, np.dtype] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class DamagedFileError(ValueError):
    """A file that is not a network saved by cmlp, or not any more."""


def checksum(header: dict[str, Any], data) -> str:
    """sha256 of a header without its checksum, and of the numbers."""
    metadata = {key: value for key, value in header["__metadata__"].items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(header | {"__metadata__": metadata}, sort_keys=True).encode())
    digest.update(data)
    return digest.hexdigest()


def write(path, tensors: dict[str, Array], metadata: dict[str, str]) -> None:
    """Tensors (float32 or float64) and a description, in one file."""
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "version": VERSION} | metadata}
    parts, end = [], 0
    for name, tensor in tensors.items():
        part = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<")).tobytes()
        entry = {"dtype": NAMES[tensor.dtype.newbyteorder("<")], "shape": list(tensor.shape)}
        header[name] = entry | {"data_offsets": [end, end + len(part)]}
        parts.append(part)
        end += len(part)
    header["__metadata__"]["sha256"] = checksum(header, b"".join(parts))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    if len(text) > MOST_HEADER:
        raise ValueError(f"the description of this network takes {len(text):,} bytes; a file has room for {MOST_HEADER:,}")
    files.write_whole(path, [len(text).to_bytes(8, "little"), text, *parts])


def read(path) -> tuple[dict[str, Array], dict[str, str]]:
    """(tensors, metadata) of a file that `write` has written.

    Raises
    ------
    DamagedFileError
    """
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise DamagedFileError(
                f"{path}: the header would take {length:,} bytes; the file has {size:,}, and a header at most {MOST_HEADER:,}"
            )
        header = _parsed(path, file.read(length))
        data = memoryview(file.read())
    metadata = _metadata(path, header)
    tensors = _tensors(path, {name: entry for name, entry in header.items() if name != "__metadata__"}, data)
    if metadata.get("sha256") != checksum(header, data):
        raise DamagedFileError(f"{path}: the checksum does not fit: the file was changed after it was saved")
    return tensors, metadata


def _parsed(path, text: bytes) -> dict[str, Any]:
    def once(pairs):
        names = [name for name, _ in pairs]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise DamagedFileError(f"{path}: the header names {sorted(twice)[0]!r} twice")
        return dict(pairs)

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=_no_constant)
    except (UnicodeDecodeError, RecursionError) as error:
        raise DamagedFileError(f"{path}: the header is no JSON: {error}") from None
    except json.JSONDecodeError as error:
        raise DamagedFileError(f"{path}: the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise DamagedFileError(f"{path}: the header is a {type(header).__name__}, not an object")
    return header


def _no_constant(name: str):
    raise DamagedFileError(f"the header holds {name}, which is no number of JSON")


def _metadata(path, header) -> dict[str, str]:
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DamagedFileError(f"{path}: no __metadata__ of texts, so no network of cmlp")
    if metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        found = f"{metadata.get('format')!r}, version {metadata.get('version')!r}"
        raise DamagedFileError(f"{path}: format {found}; this cmlp reads {FORMAT!r}, version {VERSION!r}")
    return metadata


def _tensors(path, entries, data) -> dict[str, Array]:
    tensors, end = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: _start(path, *item)):
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] not in DTYPES:
            raise DamagedFileError(f"{path}: tensor {name!r} is not described by a dtype F32 or F64, a shape and offsets")
        shape, dtype = entry["shape"], DTYPES[entry["dtype"]]
        if not isinstance(shape, list) or len(shape) > 2 or not all(type(n) is int and 0 < n < 2**31 for n in shape):
            raise DamagedFileError(f"{path}: tensor {name!r} has the shape {str(shape)[:80]}")
        start, stop = entry["data_offsets"]
        n = int(np.prod(shape, dtype=object))
        if start != end or stop - start != n * dtype.itemsize or stop > len(data):
            raise DamagedFileError(
                f"{path}: tensor {name!r} of shape {shape} lies at [{start}, {stop}); it should begin at {end}, take "
                f"{n * dtype.itemsize} bytes and end within the file's {len(data)}"
            )
        tensors[name] = np.frombuffer(data[start:stop], dtype).reshape(shape)
        end = stop
    if end != len(data):
        raise DamagedFileError(f"{path}: {len(data) - end:,} bytes behind the last tensor belong to nothing")
    return tensors


def _start(path, name, entry) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(n) is int and 0 <= n < 2**62 for n in offsets):
        raise DamagedFileError(f"{path}: tensor {name!r} has no data_offsets [begin, end]")
    return offsets[0]
