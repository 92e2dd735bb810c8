"""
CSV: a table of numbers as text, one row a line, with one target column.

The file is read in blocks of whole lines. NumPy's fast reader takes a block if there is nothing unusual in it;
any other block is read field by field, which succeeds or says where the fault is. Memory stays near the size of
the result.
"""

import codecs
import csv
import math
import operator
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from cmlp.datasets.idx import TYPES, open_unpacked

__all__ = ["read_csv"]

BLOCK = 1 << 18  # fields
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,18})")
_CODE = re.compile(r"0[0-9]+")  # a post code or the like: text, or 01 and 1 would be the same
_QUOTED = re.compile(r'"[^"]*"?')
_STRAY = re.compile(rb"\0|\r(?=[^\r\n])")


def read_csv(
    path: str | os.PathLike[str],
    target: str | int | None = None,
    *,
    header: bool | None = None,
    delimiter: str = ",",
    dtype="float32",
) -> tuple[np.ndarray, np.ndarray, list[str] | None]:
    """
    Read a table from a CSV file, plain or gzip: numeric inputs and one target.

    The file is UTF-8 text, one row a line. Fields may be quoted ("a,b"); spaces around a field do not count. A
    byte order mark, either kind of line end, and blank lines at the end are fine.

    Parameters
    ----------
    path : str or path-like
        The file. Whether it is gzip is decided by its first two bytes, not by its name.
    target : str or int, optional
        The target column, by name or by position (0 is the first, -1 the last). Without it, the column named
        "label" if there is one, else the first column, as in the CSV files of MNIST.
    header : bool, optional
        Whether the first row holds the column names. Without it, the first row is a header if any of its fields
        is neither empty nor a number; so a table without a header whose labels are text needs ``header=False``.
    delimiter : str, default ","
        The character between two fields.
    dtype : dtype, default "float32"
        The type of the inputs: uint8, int8, int16, int32, float32 or float64. A value that does not fit into it
        is refused.

    Returns
    -------
    X : ndarray of shape (n_rows, n_columns - 1), of `dtype`
        The inputs, in the order of the file.
    y : ndarray of shape (n_rows,), of dtype int64, float64 or str
        The target: int64 if all are integers written without a point (and fit), float64 if all are numbers,
        otherwise the texts.
    names : list of str, or None
        The names of the input columns; None if the file has no header.

    Raises
    ------
    ValueError
        If anything in the file is not as it should be: the message names the file, the line and the column
        (both counted from 1). Nothing half read is returned.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import os, tempfile
    >>> from cmlp.datasets import read_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "flowers.csv")
    ...     with open(path, "w") as file:
    ...         print("length,width,kind", "5.1,3.5,setosa", "7.0,3.2,versicolor", sep="\\n", file=file)
    ...     X, y, names = read_csv(path, target="kind")
    >>> X
    array([[5.1, 3.5],
           [7. , 3.2]], dtype=float32)
    >>> y
    array(['setosa', 'versicolor'], dtype='<U10')
    >>> names
    ['length', 'width']
    """
    dtype = _checked(dtype, delimiter)
    with open_unpacked(path) as stream:
        lines = lines_of(path, stream, delimiter)
        first = next(lines, None)
        if first is None:
            raise ValueError(f"{path}: the file is empty")
        table = _table(path, delimiter, first, header, target)
        rows = lines if table.names else chain([first], lines)
        X, y = _read_rows(rows, table, dtype)
    return X, y, table.names and [name for i, name in enumerate(table.names) if i != table.target]


@dataclass
class _Table:
    """What the first row tells about all of them."""

    path: str | os.PathLike[str]
    delimiter: str
    names: list[str] | None
    width: int
    target: int

    def error(self, line: int, column: int, problem) -> ValueError:
        name = f" ({self.names[column]!r})" if self.names else ""
        return ValueError(f"{self.path}, line {line}, column {column + 1}{name}: {problem}")


def _checked(dtype, delimiter: str) -> np.dtype:
    dtype = np.dtype(dtype)
    if dtype not in TYPES.values():
        raise ValueError(f"dtype must be one of {', '.join(map(str, TYPES.values()))}, got {dtype}")
    if not isinstance(delimiter, str) or not re.fullmatch(r'[^\w"+\-.\r\n\0]', delimiter):
        raise ValueError(f"delimiter must be one character, no letter, digit, quote, sign or point, got {delimiter!r}")
    return dtype


def lines_of(path, stream, delimiter: str) -> Iterator[str]:
    """Decode the lines of a file; blank lines are allowed only at its end."""
    blank = 0
    for line, raw in enumerate(stream, start=1):
        raw = raw.removeprefix(codecs.BOM_UTF8) if line == 1 else raw
        if not raw.strip(b" \r\n"):
            blank = blank or line
            continue
        if blank:
            raise ValueError(f"{path}, line {blank}: a blank line with more rows after it")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            place = _place(path, line, raw[: error.start], delimiter)
            raise ValueError(f"{place}: byte 0x{raw[error.start]:02X} is not UTF-8; save the file as UTF-8") from None
        if stray := _STRAY.search(raw):
            what = "a NUL byte" if stray[0] == b"\0" else "a carriage return inside the line"
            raise ValueError(f"{_place(path, line, raw[: stray.start()], delimiter)}: {what}")
        yield text


def _place(path, line: int, before: bytes, delimiter: str) -> str:
    column = _QUOTED.sub("", before.decode()).count(delimiter) + 1
    return f"{path}, line {line}, column {column}"


def _table(path, delimiter: str, text: str, header: bool | None, target) -> _Table:
    fields = split_line(text, 1, path, delimiter)
    if len(fields) < 2:
        raise ValueError(f"{path}, line 1: only one column, expected at least two; is the delimiter {delimiter!r}?")
    if header is None:
        header = any(text and _number(text) is None for text in fields)
    names = fields if header else None
    for column, name in enumerate(names or []):
        if not name:
            raise ValueError(f"{path}, line 1, column {column + 1}: the header has no name for this column")
        if (first := fields.index(name)) < column:
            raise ValueError(f"{path}, line 1, column {column + 1}: {name!r} is the name of column {first + 1} too")
    return _Table(path, delimiter, names, len(fields), _target_position(path, target, names, len(fields)))


def _target_position(path, target, names: list[str] | None, width: int) -> int:
    if target is None:
        return names.index("label") if names and "label" in names else 0
    if not isinstance(target, str):
        if not -width <= operator.index(target) < width:
            raise ValueError(f"{path}: no column at position {target}; the columns are 0 to {width - 1}")
        return operator.index(target) % width
    if names is None:
        raise ValueError(f"{path}: no header, so no column named {target!r}; give the position of the target")
    if target not in names:
        listed = ", ".join(map(repr, names[:20])) + (f" and {width - 20} more" if width > 20 else "")
        raise ValueError(f"{path}: no column named {target!r}; the columns are {listed}")
    return names.index(target)


def _read_rows(rows: Iterator[str], table: _Table, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    X, labels, n = np.empty((0, table.width - 1), dtype), [], 0
    first_line = 2 if table.names else 1
    while block := list(islice(rows, max(1, BLOCK // table.width))):
        numbers, texts = _parse_fast(block, table, dtype) or _parse_slow(block, first_line + n, table, dtype)
        end = n + len(block)
        if end > len(X):
            # An eighth more than there was: few moves, and little to spare.
            X.resize((max(end, len(X) * 9 // 8), X.shape[1]), refcheck=False)
        X[n:end] = numbers
        labels.append(np.array(texts))
        n = end
    if n == 0:
        raise ValueError(f"{table.path}: no rows after the header")
    X.resize((n, X.shape[1]), refcheck=False)
    return X, _target(labels)


def _parse_fast(block: list[str], table: _Table, dtype: np.dtype) -> tuple[np.ndarray, list[str]] | None:
    """Return the inputs and the target texts of a block, or None if anything in it needs a closer look."""
    if any('"' in text for text in block):
        return None
    # Integers first: NumPy reads them several times faster than floats.
    for kind in (np.int64, np.float64):
        row = np.dtype([
            ("before", kind, (table.target,)),
            ("target", object),
            ("after", kind, (table.width - table.target - 1,)),
        ])  # fmt: skip
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # older NumPy reads 1.5 as the integer 1, and only warns
                rows = np.loadtxt(block, row, comments=None, delimiter=table.delimiter, ndmin=1)
        except (ValueError, Warning):
            continue
        numbers, fits = _cast(np.hstack([rows["before"], rows["after"]]), dtype)
        texts = [text.strip() for text in rows["target"]]
        doubts = len(rows) < len(block) or not fits.all() or any(_problem(text, is_input=False) for text in set(texts))
        return None if doubts else (numbers, texts)
    return None


def _parse_slow(block: list[str], line: int, table: _Table, dtype: np.dtype) -> tuple[np.ndarray, list[str]]:
    """Return the inputs and the target texts of a block, or say where the first fault is."""
    numbers, texts = np.empty((len(block), table.width - 1), dtype), []
    for i, text in enumerate(block):
        fields = split_line(text, line + i, table.path, table.delimiter)
        if len(fields) != table.width:
            raise ValueError(f"{table.path}, line {line + i}: {len(fields)} fields, the first row has {table.width}")
        for column, field in enumerate(fields):
            if problem := _problem(field, is_input=column != table.target):
                raise table.error(line + i, column, problem)
        texts.append(fields.pop(table.target))
        numbers[i], fits = _cast(np.array([float(field) for field in fields]), dtype)
        if not fits.all():
            column = int(fits.argmin())
            problem = f"{fields[column]} does not fit in {dtype}"
            raise table.error(line + i, column + (column >= table.target), problem)
    return numbers, texts


def split_line(text: str, line: int, path, delimiter: str) -> list[str]:
    reader = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")
    try:
        return [field.strip() for field in next(reader)]
    except csv.Error as error:
        problem = "a quote is not closed on its line" if text.count('"') % 2 else error
        raise ValueError(f"{path}, line {line}: {problem}") from error


def _cast(numbers: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Convert numbers to dtype, and tell which ones came through."""
    with np.errstate(all="ignore"):
        cast = numbers.astype(dtype, copy=False)
    return cast, np.isfinite(cast) if dtype.kind == "f" else cast == numbers


def _number(text: str) -> float | None:
    """The number that a text is, or None; Python alone would also take 1_000 and the digits of other scripts."""
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def is_number(text: str) -> bool:
    """Whether a field of a CSV file is a number."""
    return _number(text) is not None


def _problem(text: str, is_input: bool) -> str | None:
    number = _number(text)
    if not text:
        return "missing value (the field is empty)"
    if number is None:
        advice = "only the target may be text (is it this column?), others must be encoded as numbers first"
        return f"{text[:40]!r} is not a number; {advice}" if is_input else None
    return None if math.isfinite(number) else f"{text[:40]!r} is not a finite number"


def _target(blocks: list[np.ndarray]) -> np.ndarray:
    """Convert the target texts to the simplest type that holds all of them."""
    simplest = max(_simplest(text) for block in blocks for text in set(block.tolist()))
    kind = (np.int64, np.float64, np.str_)[simplest]
    return np.concatenate([block.astype(kind) for block in blocks])


def _simplest(text: str) -> int:
    if _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return 0
    return 2 if _number(text) is None or _CODE.fullmatch(text) else 1
