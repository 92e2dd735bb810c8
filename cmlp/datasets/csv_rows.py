"""CSV rows as strings, block by block: for tables of mixed types, and files larger than memory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from cmlp.datasets.csv_files import Records, blocks_of, rows_of
from cmlp.datasets.csv_start import Start, start
from cmlp.datasets.opening import open_unpacked

Rows = tuple[Sequence[int], list[list[str]]]


@contextmanager
def read_rows(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    known_names: Sequence[str] = (),
) -> Iterator[tuple[list[str] | None, Iterator[Rows]]]:
    """Read a CSV file as rows of strings, in blocks: a context manager that keeps the file open.

    Parameters
    ----------
    source : str, path-like or binary file
        Plain or compressed; or an open file, such as ``sys.stdin.buffer``. See `read_csv` for the format.
    header : bool, optional
        Whether the first row holds the column names. Default: as in `read_csv`.
    delimiter : str, optional
        Default: found, as in `read_csv`.
    decimal : {".", ","}, optional
        The decimal point. Default: found in the first 100 rows. Decimal commas are replaced by points.
    known_names : sequence of str, optional
        A first row that holds one of these names is a header.

    Yields
    ------
    names : list of str or None
    blocks : iterator of (sequence of int, list of list of str)
        The number of each row's first line, and the rows; read lazily.

    Raises
    ------
    ValueError
        If the file is empty, or the format cannot be told; from the iterator, if a row has more or fewer fields than the first,
        or if there is none.

    Examples
    --------
    >>> import io
    >>> from cmlp.datasets import read_rows
    >>> with read_rows(io.BytesIO(b"a,b\\n1,x\\n2,y\\n")) as (names, blocks):
    ...     names, list(blocks)
    (['a', 'b'], [(range(2, 4), [['1', 'x'], ['2', 'y']])])
    """
    path = source if isinstance(source, (str, os.PathLike)) else "standard input"
    with open_unpacked(source) as stream:
        begun = start(path, stream, header, delimiter, decimal, known_names)
        yield begun.names, (row_block(begun, block) for block in blocks_of(begun))


def row_block(begun: Start, block: Records) -> Rows:
    return lines_of(block), rows_of(begun, block)


def lines_of(block: Records) -> Sequence[int]:
    """The number of each record's first line, as a range where no record has several lines."""
    first, last = block[0][0], block[-1][0]
    return range(first, last + 1) if last - first + 1 == len(block) else [line for line, _ in block]
