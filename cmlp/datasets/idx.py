"""
IDX, the file format of MNIST: a four-byte header, the sizes, and the numbers in one run.

=================  ======================================================================
bytes              meaning
=================  ======================================================================
0, 1               zero
2                  the type of the numbers (`TYPES`)
3                  the rank: how many dimensions
4 to 3 + 4 rank    the sizes, one unsigned four-byte integer for each dimension
the rest           the numbers, last dimension fastest
=================  ======================================================================

Everything is big-endian. The format is described by Y. LeCun, C. Cortes and C. J. C. Burges on the page of
"The MNIST database of handwritten digits".
"""

import gzip
import math
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

__all__ = ["read_idx", "write_idx"]

TYPES: dict[int, np.dtype] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_RANK = 64  # of a NumPy array
_CHUNK = 1 << 20


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """
    Read an array from an IDX file, plain or gzip.

    Whether the file is gzip is decided by its first two bytes, not by its name. The header is never trusted:
    memory grows with the bytes that are really there, up to one byte more than the header promises.

    Parameters
    ----------
    path : str or path-like
        The file, for example ``train-images-idx3-ubyte.gz`` of MNIST.

    Returns
    -------
    array : ndarray
        Of the shape and type in the header: uint8, int8, int16, int32, float32 or float64, in the byte order
        of this machine. Fresh and writable.

    Raises
    ------
    ValueError
        If the file is not a whole and exact IDX file. The message says where (byte offsets count from 0, in a
        gzip file from the start of the unpacked bytes), what was found and what is expected.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    write_idx : The way back.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from cmlp.datasets import read_idx, write_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "small-idx2-ubyte.gz")
    ...     write_idx(path, np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8))
    ...     read_idx(path)
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    with open_unpacked(path) as stream:
        name = f"{path} (unpacked)" if isinstance(stream, gzip.GzipFile) else str(path)
        dtype, rank = _read_type(stream, name)
        shape = _read_sizes(stream, name, rank, dtype)
        data = _read_data(stream, name, shape, dtype)
    stored = np.ndarray(shape, dtype.newbyteorder(">"), buffer=data)
    return stored.astype(dtype, copy=False)


def write_idx(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """
    Write an array to an IDX file, packed with gzip if the name ends in ``.gz``.

    The same array gives the same bytes: no time stamp or name goes into a gzip file.

    Parameters
    ----------
    path : str or path-like
        The file to write; an existing one is replaced.
    array : ndarray
        Of any rank from 0 to 64 and of one of the six types of the format: uint8, int8, int16, int32, float32
        or float64, in any byte order.

    Raises
    ------
    ValueError
        If the array is of another type, or a size needs more than 32 bits. Nothing is written then.

    See Also
    --------
    read_idx : The way back, with an example.
    """
    array = np.asarray(array)
    codes = {dtype: code for code, dtype in TYPES.items()}
    code = codes.get(array.dtype.newbyteorder("="))
    if code is None:
        raise ValueError(f"IDX has no type for {array.dtype}; convert with astype to one of {_names_of_types()}")
    if max(array.shape, default=0) > 0xFFFFFFFF:
        raise ValueError(f"IDX holds sizes below 2**32, got the shape {array.shape}")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    data = array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes()
    with open(path, "wb") as raw:
        if os.fspath(path).endswith(".gz"):
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                packed.write(header)
                packed.write(data)
        else:
            raw.write(header)
            raw.write(data)


@contextmanager
def open_unpacked(path: str | os.PathLike[str]) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Open a file for reading bytes, unpacked if it is gzip; gzip damage met on the way is a ValueError."""
    with open(path, "rb") as raw, unpacked(raw, path) as stream:
        yield stream


@contextmanager
def unpacked(raw, path="standard input") -> Iterator[BinaryIO | gzip.GzipFile]:
    """An open file as it is, or unpacked if it is gzip."""
    beginning = raw.peek(2)[:2] if hasattr(raw, "peek") else b""
    if beginning != _GZIP_MAGIC:
        yield raw
        return
    with gzip.GzipFile(fileobj=raw) as stream:
        try:
            yield stream
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: the gzip data are damaged or cut short ({error})") from error


def _read_type(stream, name: str) -> tuple[np.dtype, int]:
    """Read the first four bytes: the type of the numbers, and the rank."""
    header = _read_upto(stream, 4)
    if header[:2] != bytes(2)[: len(header)]:
        raise ValueError(f"{name}, byte 0: an IDX file begins with two zero bytes, got {_hex(header[:2])}")
    if len(header) < 4:
        raise ValueError(f"{name}: too short for an IDX header, which has at least 4 bytes, got {len(header)}")
    code, rank = header[2], header[3]
    if code not in TYPES:
        raise ValueError(f"{name}, byte 2: unknown type code {_hex([code])}, expected one of {_names_of_types()}")
    if rank > _MAX_RANK:
        raise ValueError(f"{name}, byte 3: the rank is {rank}, expected at most {_MAX_RANK} (the limit of NumPy)")
    return TYPES[code], rank


def _read_sizes(stream, name: str, rank: int, dtype: np.dtype) -> tuple[int, ...]:
    sizes = _read_upto(stream, 4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError(f"{name}, byte 4: rank {rank} takes {4 * rank} bytes of sizes, but only {len(sizes)} follow")
    shape = struct.unpack(f">{rank}I", sizes)
    # NumPy refuses such a shape even if another size is 0 and the array therefore empty.
    if math.prod(size for size in shape if size) * dtype.itemsize > sys.maxsize:
        raise ValueError(f"{name}, byte 4: {_words(shape, dtype)} is larger than any array can be")
    return shape


def _read_data(stream, name: str, shape: tuple[int, ...], dtype: np.dtype) -> bytearray:
    start = 4 + 4 * len(shape)
    promised = math.prod(shape) * dtype.itemsize
    data = _read_upto(stream, promised + 1)
    if len(data) < promised:
        raise ValueError(
            f"{name}, byte {start}: the header promises {_words(shape, dtype)}, which is {promised} bytes, "
            f"but only {len(data)} follow"
        )
    if len(data) > promised:
        raise ValueError(
            f"{name}, byte {start + promised}: extra bytes after the data; the header promises "
            f"{_words(shape, dtype)}, which is {promised} bytes, and no more should follow"
        )
    return data


def _read_upto(stream, count: int) -> bytearray:
    """Read count bytes, or all there are; allocate only as they come in."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(min(count - len(data), _CHUNK))
        if not chunk:
            break
        data += chunk
    return data


def _words(shape: tuple[int, ...], dtype: np.dtype) -> str:
    return f"{' x '.join(map(str, shape)) or 'one'} {dtype}"


def _hex(values) -> str:
    return " ".join(f"0x{value:02X}" for value in values)


def _names_of_types() -> str:
    return ", ".join(f"0x{code:02X} ({dtype})" for code, dtype in TYPES.items())
