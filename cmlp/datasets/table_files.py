"""Tables of mixed types from files: CSV, Parquet and Arrow IPC."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from cmlp.data import Table
from cmlp.data.kinds import kind_of
from cmlp.datasets.arrow_files import arrow_batches, is_arrow
from cmlp.datasets.csv_columns import Reading
from cmlp.datasets.csv_start import check_names, place_of, start
from cmlp.datasets.opening import open_unpacked


class FileTable(NamedTuple):
    """A table, and where it is in the file.

    Attributes
    ----------
    table : Table
    lines : sequence of int or None
        The line of each row, of a CSV file.
    places : list of int
        The index in the file of each column.
    width : int
        Columns of the file, with those that are dropped.
    names : list of str or None
        Of all of these.
    """

    table: Table
    lines: Sequence[int] | None
    places: list[int]
    width: int
    names: list[str] | None

    @property
    def dropped(self) -> list[str]:
        """The names of the columns that were left out."""
        return [name for place, name in enumerate(self.names or []) if place not in self.places]


def read_table(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str | int] = (),
    missing: Sequence[str] = (),
) -> Table:
    """Read a table of numbers, booleans, dates and text from a CSV, Parquet or Arrow IPC file.

    The kind of a CSV column is that of all its fields: numbers (where NA, N/A, NaN, null and None in any case are missing, like
    empty fields), booleans (True and False in any case), ISO 8601 dates, else text. Codes with leading zeros, such as 007, are
    text. The file is read in blocks; a column that turns out to be text late is read again, and a pipe is kept in a temporary
    file for that.

    Parameters
    ----------
    source : str, path-like or binary file
        Plain, gzip or Zstandard (which needs ``cmlp[arrow]`` or Python 3.14). Parquet and Arrow IPC need ``cmlp[arrow]``.
        Formats are told by the first bytes, not by the name of the file.
    header : bool, optional
        Whether the first row of a CSV file holds the column names. Default: as in `read_csv`.
    delimiter : str, optional
        Default: found, as in `read_csv`.
    decimal : {".", ","}, optional
        The decimal point. Default: found in the first 100 rows.
    drop : sequence of str or int, optional
        Columns to leave out, by name or index.
    missing : sequence of str, optional
        Fields of a CSV file that stand for missing values, as they are spelled there, such as ``["?", "-999"]``.

    Returns
    -------
    table : Table
        Columns (n_rows,) of int64, float64 (NaN where missing), bool, datetime64 (NaT), or objects (None): text, booleans with
        missing ones, and integers that neither int64 nor, among missing ones, float64 holds exactly.

    Raises
    ------
    ValueError
        If the file is invalid, or has no rows; the message names the file, and the line and the column where it can.
    ImportError
        If a package is missing; the message names the extra.

    Examples
    --------
    >>> import io
    >>> from cmlp.datasets import read_table
    >>> table = read_table(io.BytesIO(b"size,town,since\\n1.5,Bern,2020-01-31\\nNA,Basel,2021-06-01\\n"))
    >>> table.names
    ['size', 'town', 'since']
    >>> for column in table.columns:
    ...     print(column)
    [1.5 nan]
    ['Bern' 'Basel']
    ['2020-01-31' '2021-06-01']
    """
    return read_file(source, header=header, delimiter=delimiter, decimal=decimal, drop=drop, missing=missing).table


def read_file(
    source: Any,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    drop: Sequence[str | int] = (),
    missing: Sequence[str] = (),
    text: Container[str | int] = (),
    unwanted: Container[str] = (),
) -> FileTable:
    """`read_table`, and where the rows and columns are in the file.

    text: columns of a CSV file, by name or, without names, by index, that are text in any case; unwanted: names of columns to
    leave out if they are there.
    """
    path = "standard input" if hasattr(source, "read") else source
    markers = markers_in(missing)
    kinds: list[str] | None = None
    with rereadable(source) as again:
        while True:
            with open_unpacked(again(), path) as stream:
                beginning = stream.peek(8)[:8]
                if is_arrow(beginning):
                    return read_arrow_file(stream, path, beginning, drop, unwanted)
                reading = Reading(start(path, stream, header, delimiter, decimal, missing=markers), drop, text, kinds, unwanted)
                reading.read()
            if not any(column.is_lost for column in reading.columns):
                return FileTable(reading.table(), reading.lines, reading.kept, reading.begun.width, reading.begun.names)
            kinds = [column.kind for column in reading.columns]


def markers_in(missing: Any) -> list[str]:
    if isinstance(missing, str) or not all(isinstance(marker, str) for marker in missing):
        raise TypeError(f"missing must be a sequence of strings, got {missing!r}: give ['?'] for '?'")
    return [marker.strip() for marker in missing]


def read_arrow_file(stream: Any, path: Any, beginning: bytes, drop: Sequence[str | int], unwanted: Container[str]) -> FileTable:
    batches = list(arrow_batches(stream, path, beginning))
    whole = importlib.import_module("pyarrow").Table.from_batches(batches)
    names = list(whole.schema.names)
    dropped = {place_of(path, column, names, len(names)) for column in drop}
    dropped |= {place for place, name in enumerate(names) if name in unwanted}
    check_names(path, names, dropped)
    kept = [place for place in range(len(names)) if place not in dropped]
    return FileTable(checked(Table.read(whole.select(kept)), path), None, kept, len(names), names)


def checked(table: Table, path: Any) -> Table:
    """The table, if its columns hold numbers, booleans, dates, durations or strings.

    Raises
    ------
    ValueError
        If one holds lists, times of day or anything else; the message names it.
    """
    for label, column in zip(table.labels, table.columns):
        try:
            kind_of(column, label)
        except TypeError as error:
            raise ValueError(f"{path}: {error}: leave it out (--drop {label})") from None
    return table


@contextmanager
def rereadable(source: Any) -> Iterator[Any]:
    """A function that gives the source from its beginning, as often as it is called; a pipe is kept in a temporary file."""
    if not hasattr(source, "read"):
        yield lambda: source
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(source, copy)

        def again() -> Any:
            copy.seek(0)
            return copy

        yield again
