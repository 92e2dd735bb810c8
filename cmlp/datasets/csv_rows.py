"""CSV rows as strings, block by block: for tables of mixed types, and files larger than memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, BinaryIO

from cmlp.datasets.csv_files import BLOCK, is_number, lines_of, split_line
from cmlp.datasets.idx import open_unpacked, unpacked


@contextmanager
def read_rows(
    source: str | os.PathLike[str] | BinaryIO, *, header: bool | None = None, delimiter: str = ","
) -> Iterator[tuple[list[str] | None, Iterator[tuple[int, list[list[str]]]]]]:
    """Read a CSV file as rows of strings, in blocks: a context manager that keeps the file open.

    Parameters
    ----------
    source : str, path-like or binary file
        Plain or gzip; or an open file, such as ``sys.stdin.buffer``. See `read_csv` for the format.
    header : bool, optional
        Whether the first row holds the column names. Default: it does if any of its fields is neither empty nor a number.
    delimiter : str, default ","

    Yields
    ------
    names : list of str or None
    blocks : iterator of (int, list of list of str)
        The number of a block's first line, and its rows; read lazily.

    Raises
    ------
    ValueError
        If the file is empty; from the iterator, if a row has more or fewer fields than the first.

    Examples
    --------
    >>> import io
    >>> from cmlp.datasets import read_rows
    >>> with read_rows(io.BytesIO(b"a,b\\n1,x\\n2,y\\n")) as (names, blocks):
    ...     names, list(blocks)
    (['a', 'b'], [(2, [['1', 'x'], ['2', 'y']])])
    """
    path = source if isinstance(source, (str, os.PathLike)) else "standard input"
    opened: Any = open_unpacked(source) if isinstance(source, (str, os.PathLike)) else unpacked(source)
    with opened as stream:
        lines = lines_of(path, stream, delimiter)
        first = next(lines, None)
        if first is None:
            raise ValueError(f"{path}: the file is empty")
        fields = split_line(first, 1, path, delimiter)
        has_names = any(field and not is_number(field) for field in fields) if header is None else header
        if has_names:
            yield fields, row_blocks(path, lines, 2, len(fields), delimiter)
        else:
            yield None, row_blocks(path, chain([first], lines), 1, len(fields), delimiter)


def row_blocks(path, lines: Iterator[str], line: int, width: int, delimiter: str) -> Iterator[tuple[int, list[list[str]]]]:
    while block := list(islice(lines, max(1, BLOCK // width))):
        rows = [
            split_line(text, line + i, path, delimiter) if '"' in text else [field.strip() for field in text.split(delimiter)]
            for i, text in enumerate(block)
        ]
        for i, row in enumerate(rows):
            if len(row) != width:
                raise ValueError(f"{path}, line {line + i}: {len(row)} fields, must be {width} as in the first row")
        yield line, rows
        line += len(block)
