"""CSV: a numeric table with one target column, one row per line.

The file is read in blocks of whole lines. `numpy.loadtxt` parses a regular block; any other block is parsed field by field,
which succeeds or raises an error that names line and column. Peak memory is close to the size of the result.
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

BLOCK = 1 << 18  # fields
INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,18})")
CODE = re.compile(r"0[0-9]+")  # such as a postal code: a string, else 01 and 1 would be the same label
QUOTED = re.compile(r'"[^"]*"?')
STRAY = re.compile(rb"\0|\r(?=[^\r\n])")


def read_csv(
    path: str | os.PathLike[str],
    target: str | int | None = None,
    *,
    header: bool | None = None,
    delimiter: str = ",",
    dtype="float32",
) -> tuple[np.ndarray, np.ndarray, list[str] | None]:
    """Read numeric inputs and one target column from a CSV file, plain or gzip.

    The file must be UTF-8, one row per line. Fields may be quoted ("a,b"); spaces around a field are stripped. A byte order
    mark, LF or CRLF line endings, and blank lines at the end are accepted.

    Parameters
    ----------
    path : str or path-like
        gzip is recognized by the first two bytes, not by the name of the file.
    target : str or int, optional
        The target column, by name or by index (0 is the first, -1 the last). Default: the column named "label", else the first
        column, as in the CSV files of MNIST.
    header : bool, optional
        Whether the first row holds the column names. Default: it does if any of its fields is neither empty nor a number; a
        file without a header whose labels are strings needs ``header=False``.
    delimiter : str, default ","
        The character between two fields.
    dtype : dtype, default "float32"
        Of X: uint8, int8, int16, int32, float32 or float64. A value that does not fit raises.

    Returns
    -------
    X : ndarray (n_rows, n_columns - 1) of `dtype`
        The inputs, in the order of the file.
    y : ndarray (n_rows,) of int64, float64 or str
        The target: int64 if all values are integers without a decimal point that fit, float64 if all are numbers, else
        strings.
    names : list of str or None
        Names of the input columns; None without a header.

    Raises
    ------
    ValueError
        If the file is invalid. The message names the file, the line and the column, both counted from 1.
    FileNotFoundError
        If the file does not exist.

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
    dtype = checked_dtype(dtype, delimiter)
    with open_unpacked(path) as stream:
        lines = lines_of(path, stream, delimiter)
        first = next(lines, None)
        if first is None:
            raise ValueError(f"{path}: the file is empty")
        layout = layout_of(path, delimiter, first, header, target)
        rows = lines if layout.names else chain([first], lines)
        X, y = read_blocks(rows, layout, dtype)
    return X, y, layout.names and [name for i, name in enumerate(layout.names) if i != layout.target]


@dataclass
class Layout:
    """The layout of the table, from its first row."""

    path: str | os.PathLike[str]
    delimiter: str
    names: list[str] | None
    width: int
    target: int

    def error(self, line: int, column: int, problem) -> ValueError:
        name = f" ({self.names[column]!r})" if self.names else ""
        return ValueError(f"{self.path}, line {line}, column {column + 1}{name}: {problem}")


def checked_dtype(dtype, delimiter: str) -> np.dtype:
    dtype = np.dtype(dtype)
    if dtype not in TYPES.values():
        raise ValueError(f"dtype must be one of {', '.join(map(str, TYPES.values()))}, got {dtype}")
    if not isinstance(delimiter, str) or not re.fullmatch(r'[^\w"+\-.\r\n\0]', delimiter):
        raise ValueError(f"delimiter must be one character, not a letter, digit, quote, sign or point, got {delimiter!r}")
    return dtype


def lines_of(path, stream, delimiter: str) -> Iterator[str]:
    """The decoded lines of a file; blank lines are allowed only at its end."""
    blank = 0
    for line, raw in enumerate(stream, start=1):
        raw = raw.removeprefix(codecs.BOM_UTF8) if line == 1 else raw
        if not raw.strip(b" \r\n"):
            blank = blank or line
            continue
        if blank:
            raise ValueError(f"{path}, line {blank}: blank line before the last row")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            place = location(path, line, raw[: error.start], delimiter)
            raise ValueError(f"{place}: byte 0x{raw[error.start]:02X} is not valid UTF-8: save the file as UTF-8") from None
        if stray := STRAY.search(raw):
            what = "NUL byte" if stray[0] == b"\0" else "carriage return inside the line"
            raise ValueError(f"{location(path, line, raw[: stray.start()], delimiter)}: {what}")
        yield text


def location(path, line: int, before: bytes, delimiter: str) -> str:
    column = QUOTED.sub("", before.decode()).count(delimiter) + 1
    return f"{path}, line {line}, column {column}"


def layout_of(path, delimiter: str, text: str, header: bool | None, target) -> Layout:
    fields = split_line(text, 1, path, delimiter)
    if len(fields) < 2:
        raise ValueError(f"{path}, line 1: the file must have at least two columns, got one: is the delimiter {delimiter!r}?")
    if header is None:
        header = any(text and number_in(text) is None for text in fields)
    names = fields if header else None
    for column, name in enumerate(names or []):
        if not name:
            raise ValueError(f"{path}, line 1, column {column + 1}: the header has no name for this column")
        if (first := fields.index(name)) < column:
            raise ValueError(f"{path}, line 1, column {column + 1}: the name {name!r} is also that of column {first + 1}")
    return Layout(path, delimiter, names, len(fields), target_position(path, target, names, len(fields)))


def target_position(path, target, names: list[str] | None, width: int) -> int:
    if target is None:
        return names.index("label") if names and "label" in names else 0
    if not isinstance(target, str):
        if not -width <= operator.index(target) < width:
            raise ValueError(
                f"{path}: no column {target}: target must be from 0 to {width - 1}, or negative to count from the end"
            )
        return operator.index(target) % width
    if names is None:
        raise ValueError(f"{path}: target must be an index, since the file has no header, got {target!r}")
    if target not in names:
        listed = ", ".join(map(repr, names[:20])) + (f" and {width - 20} more" if width > 20 else "")
        raise ValueError(f"{path}: no column {target!r}: target must be one of {listed}")
    return names.index(target)


def read_blocks(rows: Iterator[str], layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    X, labels, n = np.empty((0, layout.width - 1), dtype), [], 0
    first_line = 2 if layout.names else 1
    while block := list(islice(rows, max(1, BLOCK // layout.width))):
        numbers, texts = parse_fast(block, layout, dtype) or parse_slow(block, first_line + n, layout, dtype)
        end = n + len(block)
        if end > len(X):
            # Grow by an eighth: few copies, little unused memory.
            X.resize((max(end, len(X) * 9 // 8), X.shape[1]), refcheck=False)
        X[n:end] = numbers
        labels.append(np.array(texts))
        n = end
    if n == 0:
        raise ValueError(f"{layout.path}: no rows after the header")
    X.resize((n, X.shape[1]), refcheck=False)
    return X, as_target(labels)


def parse_fast(block: list[str], layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, list[str]] | None:
    """The inputs and the target strings of a block; None if it must be parsed field by field."""
    if any('"' in text for text in block):
        return None
    # Integers first: NumPy reads them several times faster than floats.
    for kind in (np.int64, np.float64):
        row = np.dtype([
            ("before", kind, (layout.target,)),
            ("target", object),
            ("after", kind, (layout.width - layout.target - 1,)),
        ])  # fmt: skip
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # older NumPy reads 1.5 as the integer 1, and only warns
                rows = np.loadtxt(block, row, comments=None, delimiter=layout.delimiter, ndmin=1)
        except (ValueError, Warning):
            continue
        numbers, fits = cast_to(np.hstack([rows["before"], rows["after"]]), dtype)
        texts = [text.strip() for text in rows["target"]]
        doubts = len(rows) < len(block) or not fits.all() or any(problem_in(text, is_input=False) for text in set(texts))
        return None if doubts else (numbers, texts)
    return None


def parse_slow(block: list[str], line: int, layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, list[str]]:
    """The inputs and the target strings of a block, parsed field by field; raises at the first invalid field."""
    numbers, texts = np.empty((len(block), layout.width - 1), dtype), []
    for i, text in enumerate(block):
        fields = split_line(text, line + i, layout.path, layout.delimiter)
        if len(fields) != layout.width:
            raise ValueError(
                f"{layout.path}, line {line + i}: {len(fields)} fields, must be {layout.width} as in the first row"
            )
        for column, field in enumerate(fields):
            if problem := problem_in(field, is_input=column != layout.target):
                raise layout.error(line + i, column, problem)
        texts.append(fields.pop(layout.target))
        numbers[i], fits = cast_to(np.array([float(field) for field in fields]), dtype)
        if not fits.all():
            column = int(fits.argmin())
            problem = f"{fields[column]} does not fit in {dtype}"
            raise layout.error(line + i, column + (column >= layout.target), problem)
    return numbers, texts


def split_line(text: str, line: int, path, delimiter: str) -> list[str]:
    reader = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")
    try:
        return [field.strip() for field in next(reader)]
    except csv.Error as error:
        problem = "unclosed quote" if text.count('"') % 2 else error
        raise ValueError(f"{path}, line {line}: {problem}") from error


def cast_to(numbers: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """The numbers in dtype, and a mask of those that fit."""
    with np.errstate(all="ignore"):
        cast = numbers.astype(dtype, copy=False)
    return cast, np.isfinite(cast) if dtype.kind == "f" else cast == numbers


def number_in(text: str) -> float | None:
    """The number that a string spells, or None; stricter than float(), which accepts 1_000 and non-ASCII digits."""
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def is_number(text: str) -> bool:
    """Whether a field of a CSV file is a number."""
    return number_in(text) is not None


def problem_in(text: str, is_input: bool) -> str | None:
    number = number_in(text)
    if not text:
        return "missing value (the field is empty)"
    if number is None:
        advice = "only the target column may hold strings: set target to this column, or encode it as numbers first"
        return f"{text[:40]!r} is not a number; {advice}" if is_input else None
    return None if math.isfinite(number) else f"{text[:40]!r} is not a finite number"


def as_target(blocks: list[np.ndarray]) -> np.ndarray:
    """The target strings as int64, float64 or str: the first that holds all of them."""
    simplest = max(simplest_kind(text) for block in blocks for text in set(block.tolist()))
    kind = (np.int64, np.float64, np.str_)[simplest]
    return np.concatenate([block.astype(kind) for block in blocks])


def simplest_kind(text: str) -> int:
    if INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return 0
    return 2 if number_in(text) is None or CODE.fullmatch(text) else 1
