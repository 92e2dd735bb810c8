"""What kind of file was given, and how it is to be read."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cmlp.data import ColumnError
from cmlp.datasets.opening import open_unpacked

NPY_MAGIC, IDX_MAGIC = b"\x93NUMPY", b"\0\0"


class UsageError(Exception):
    """The arguments are invalid, whatever the files hold."""


def format_of(name: str) -> str:
    """ "folder", "npy", "idx" or "table", by the first bytes of the file; by its name if there is none or it is empty."""
    path = Path(name)
    if name == "-":
        return "table"
    if path.is_dir():
        return "folder"
    beginning = b""
    if path.is_file():
        with open_unpacked(path) as stream:
            beginning = stream.peek(8)[:8]
    if beginning.startswith(NPY_MAGIC) or path.suffix == ".npy":
        return "npy"
    by_name = not beginning and ".csv" not in path.suffixes and ("idx" in path.name or path.suffix in (".idx", ".ubyte"))
    return "idx" if by_name or beginning.startswith(IDX_MAGIC) else "table"


def source_of(name: str) -> Any:
    """The file of this name, or standard input."""
    if name != "-":
        return name
    if sys.stdin is None:
        raise ValueError("standard input is closed")
    return sys.stdin.buffer


def shown_path(name: str) -> str:
    return "standard input" if name == "-" else name


def column_of(text: str) -> str | int:
    """A column by its index if it is an integer, else by its name."""
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() else text


def reading_options(options) -> dict[str, Any]:
    """The arguments of `read_table` that were given."""
    return {
        "header": options.header,
        "delimiter": {"tab": "\t", "\\t": "\t"}.get(options.delimiter, options.delimiter),
        "decimal": options.decimal,
        "drop": [column_of(text) for text in options.drop],
        "missing": [text.strip() for text in options.missing],
    }


class Place(NamedTuple):
    """Where the cells of a table are in a file.

    Attributes
    ----------
    path : str
    lines : sequence of int or None
        The line of each row of the file, where it has lines.
    columns : sequence of int
        The index in the file of each column of the table.
    names : list of str or None
        Of the columns of the table.
    rows : sequence or array of int, or None
        The row of the file that each row of the table is; None if it is the same.
    """

    path: str
    lines: Sequence[int] | None
    columns: Sequence[int]
    names: list[str] | None
    rows: Any = None

    def row(self, row: int) -> str:
        """A row in words."""
        row = row if self.rows is None else int(self.rows[row])
        return f"{self.path}, row {row + 1}" if self.lines is None else f"{self.path}, line {self.lines[row]}"

    @contextlib.contextmanager
    def located(self) -> Iterator[None]:
        """Add file, line and column to the error of a cell."""
        try:
            yield
        except ColumnError as error:
            where = self.path if error.row is None else self.row(error.row)
            if error.column is None:
                raise ValueError(f"{where}: {error}") from None
            name = f" ({self.names[error.column]!r})" if self.names else ""
            raise ValueError(f"{where}, column {self.columns[error.column] + 1}{name}: {error.problem}") from None
