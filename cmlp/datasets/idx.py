"""IDX, the file format of MNIST: a four-byte header, the shape, then the data.

=================  ======================================================================
bytes              meaning
=================  ======================================================================
0, 1               zero
2                  type code (`TYPES`)
3                  rank: the number of dimensions
4 to 3 + 4 rank    shape: one unsigned 32-bit integer for each dimension
the rest           data, in row-major (C) order
=================  ======================================================================

Everything is big-endian. The format is described by Y. LeCun, C. Cortes and C. J. C. Burges on the page of "The MNIST database
of handwritten digits".
"""

import gzip
import io
import math
import os
import struct
import sys

import numpy as np

from cmlp.datasets.opening import open_unpacked

TYPES: dict[int, np.dtype] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
MAX_RANK = 64  # NumPy's limit
CHUNK = 1 << 19


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an array from an IDX file, plain or compressed.

    gzip and Zstandard (which needs ``cmlp[arrow]`` or Python 3.14) are recognized by the first bytes, not by the name.
    The header is not trusted: memory is allocated as data are read, for no more than the header declares and the file holds.

    Parameters
    ----------
    path : str or path-like
        For example ``train-images-idx3-ubyte.gz`` of MNIST.

    Returns
    -------
    array : ndarray
        Of the shape and dtype in the header: uint8, int8, int16, int32, float32 or float64, in native byte order; new and
        writable.

    Raises
    ------
    ValueError
        If the file is not a valid IDX file: truncated, malformed, or with bytes after the data. The message gives the byte
        offset (from 0; in a compressed file, of the decompressed data), what was found and what was expected.
    FileNotFoundError
        If the file does not exist.

    See Also
    --------
    write_idx : Write an IDX file.

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
        name = str(path) if isinstance(getattr(stream, "raw", None), io.FileIO) else f"{path} (unpacked)"
        dtype, rank = read_type(stream, name)
        shape = read_shape(stream, name, rank, dtype)
        data = read_data(stream, name, shape, dtype)
    stored = np.ndarray(shape, dtype.newbyteorder(">"), buffer=data)
    return stored.astype(dtype, copy=False)


def write_idx(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Write an array to an IDX file, compressed with gzip if the name ends in ``.gz``.

    The same array gives the same bytes: a gzip file gets no time stamp and no file name.

    Parameters
    ----------
    path : str or path-like
        Where to write; an existing file is replaced.
    array : ndarray
        Of up to 64 dimensions, of dtype uint8, int8, int16, int32, float32 or float64, in any byte order.

    Raises
    ------
    ValueError
        If the dtype is unsupported, or a dimension needs more than 32 bits. Nothing is written then.

    See Also
    --------
    read_idx : Read an IDX file; has an example.
    """
    array = np.asarray(array)
    codes = {dtype: code for code, dtype in TYPES.items()}
    code = codes.get(array.dtype.newbyteorder("="))
    if code is None:
        raise ValueError(f"dtype of an IDX file must be one of {type_names()}, got {array.dtype}: convert with astype")
    if max(array.shape, default=0) > 0xFFFFFFFF:
        raise ValueError(f"every dimension of an IDX file must be < 2**32, got the shape {array.shape}")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    data = array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes()
    with open(path, "wb") as raw:
        if os.fspath(path).endswith(".gz"):
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as compressed:
                compressed.write(header)
                compressed.write(data)
        else:
            raw.write(header)
            raw.write(data)


def read_type(stream, name: str) -> tuple[np.dtype, int]:
    """Read the first four bytes: dtype and rank."""
    header = read_at_most(stream, 4)
    if header[:2] != bytes(2)[: len(header)]:
        raise ValueError(f"{name}, byte 0: an IDX file must begin with two zero bytes, got {as_hex(header[:2])}")
    if len(header) < 4:
        raise ValueError(f"{name}: an IDX header must have at least 4 bytes, got {len(header)}")
    code, rank = header[2], header[3]
    if code not in TYPES:
        raise ValueError(f"{name}, byte 2: unknown type code {as_hex([code])}, must be one of {type_names()}")
    if rank > MAX_RANK:
        raise ValueError(f"{name}, byte 3: the rank is {rank}, must be at most {MAX_RANK} (NumPy's limit)")
    return TYPES[code], rank


def read_shape(stream, name: str, rank: int, dtype: np.dtype) -> tuple[int, ...]:
    sizes = read_at_most(stream, 4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError(
            f"{name}, byte 4: the file is truncated: rank {rank} needs {4 * rank} bytes of shape, got {len(sizes)}"
        )
    shape = struct.unpack(f">{rank}I", sizes)
    # NumPy refuses such a shape even if another dimension is 0 and the array therefore empty.
    if math.prod(size for size in shape if size) * dtype.itemsize > sys.maxsize:
        raise ValueError(f"{name}, byte 4: {described(shape, dtype)} is larger than an array can be")
    return shape


def read_data(stream, name: str, shape: tuple[int, ...], dtype: np.dtype) -> bytearray:
    start = 4 + 4 * len(shape)
    expected = math.prod(shape) * dtype.itemsize
    data = read_at_most(stream, expected + 1)
    if len(data) < expected:
        raise ValueError(
            f"{name}, byte {start}: the file is truncated: {described(shape, dtype)} in the header need {expected} bytes of "
            f"data, got {len(data)}"
        )
    if len(data) > expected:
        raise ValueError(
            f"{name}, byte {start + expected}: extra bytes after the data: {described(shape, dtype)} in the header need "
            f"{expected} bytes"
        )
    return data


def read_at_most(stream, count: int) -> bytearray:
    """Read up to count bytes, allocating memory only as they arrive."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.read(min(count - len(data), CHUNK))
        if not chunk:
            break
        data += chunk
    return data


def described(shape: tuple[int, ...], dtype: np.dtype) -> str:
    return f"{' x '.join(map(str, shape)) or 'one'} {dtype}"


def as_hex(values) -> str:
    return " ".join(f"0x{value:02X}" for value in values)


def type_names() -> str:
    return ", ".join(f"0x{code:02X} ({dtype})" for code, dtype in TYPES.items())
