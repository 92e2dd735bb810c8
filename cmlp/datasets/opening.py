"""Opening files for reading: plain, gzip or Zstandard, told by their first bytes."""

import gzip
import importlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GZIP_MAGIC, ZSTANDARD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
REFUSED = {
    b"BZh": "is compressed with bzip2: decompress it first (bunzip2)",
    b"\xfd7zXZ": "is compressed with xz: decompress it first (unxz)",
    b"PK\x03\x04": "is a zip archive or a spreadsheet: unpack it first, or save the sheet as CSV",
    b"\xff\xfe": "is UTF-16: save the file as UTF-8",
    b"\xfe\xff": "is UTF-16: save the file as UTF-8",
}  # by the first bytes


@contextmanager
def open_unpacked(source: Any, path: Any = None) -> Iterator[Any]:
    """Open a file, or take an open one, for reading bytes, decompressed if it is gzip or Zstandard.

    Raises
    ------
    ValueError
        If the compressed data are damaged, or the format is one of `REFUSED`; the message names the file.
    ImportError
        If the file is Zstandard, and neither Python (3.14 or later) nor pyarrow is there to decompress it.
    """
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as raw, unpacked(raw, source) as stream:
            yield stream
    else:
        with unpacked(source, path or "standard input") as stream:
            yield stream


@contextmanager
def unpacked(raw, path) -> Iterator[Any]:
    """An open file as it is, or decompressed."""
    damage: tuple[type[Exception], ...]
    beginning = raw.peek(6)[:6] if hasattr(raw, "peek") else b""
    for magic, problem in REFUSED.items():
        if beginning.startswith(magic):
            raise ValueError(f"{path} {problem}")
    if beginning[:2] == GZIP_MAGIC:
        name, stream, damage = "gzip", buffered(gzip.GzipFile(fileobj=raw)), (EOFError, gzip.BadGzipFile, zlib.error)
    elif beginning[:4] == ZSTANDARD_MAGIC:
        name, stream, damage = "Zstandard", *zstandard_stream(raw, path)
    else:
        yield raw
        return
    with stream:
        try:
            yield stream
        except damage as error:
            raise ValueError(f"{path}: the {name} data are damaged or truncated ({error})") from error


def buffered(stream: Any) -> io.BufferedReader:
    """The stream with lines and `peek` at the speed of C."""
    return io.BufferedReader(stream, 1 << 15)


def zstandard_stream(raw, path) -> tuple[Any, tuple[type[Exception], ...]]:
    """The decompressed stream and its exceptions, by Python's own module or by Arrow."""
    try:
        module = importlib.import_module("compression.zstd")  # Python 3.14
    except ImportError:
        try:
            module = importlib.import_module("pyarrow")
        except ImportError:
            raise ImportError(f"{path} is compressed with Zstandard, which needs pyarrow: pip install 'cmlp[arrow]'") from None
        stream: Any = module.CompressedInputStream(module.PythonFile(raw, mode="r"), "zstd")
        return buffered(stream), (OSError,)
    return buffered(module.ZstdFile(raw)), (EOFError, module.ZstdError)
