"""CSV: a numeric table with one target column.

The file is read in blocks of records. `numpy.loadtxt` parses a regular block; any other block is parsed field by field, which
succeeds or raises an error that names line and column. Peak memory is close to the size of the result.
"""

import csv
import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cmlp.datasets.csv_lines import split_record
from cmlp.datasets.csv_start import Start, check_names, start, without
from cmlp.datasets.fields import BOOLEANS, CODES, INTEGER, number_in, pointed
from cmlp.datasets.idx import TYPES
from cmlp.datasets.opening import open_unpacked

BLOCK = 1 << 18  # fields
SPACE = re.compile(r"[^\S\r\n]")
Records = list[tuple[int, str]]


def read_csv(
    path: str | os.PathLike[str],
    target: str | int | None = None,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    dtype="float32",
) -> tuple[np.ndarray, np.ndarray, list[str] | None]:
    """Read numeric inputs and one target column from a CSV file, plain or compressed.

    The file must be UTF-8. Fields may be quoted ("a,b"), also over several lines; spaces around a field are stripped. True and
    False are read as 1 and 0. A byte order mark, LF or CRLF line endings, and blank lines at the end are accepted. Where
    another character delimits fields, numbers may have decimal commas.

    Parameters
    ----------
    path : str or path-like
        gzip and Zstandard (which needs ``cmlp[arrow]`` or Python 3.14) are recognized by the first bytes, not by the name.
    target : str or int, optional
        The target column, by name or by index (0 is the first, -1 the last). Default: the column named "label", else the first
        column, as in the CSV files of MNIST.
    header : bool, optional
        Whether the first row holds the column names. Default: it does if a field of it is text, and the column below holds
        numbers, booleans or dates. Where all columns are text, it does if none of its fields recurs below, and others do.
    delimiter : str, optional
        The character between two fields. Default: the one of comma, semicolon, tab and ``|`` that makes rows of one width.
    dtype : dtype, default "float32"
        Of X: uint8, int8, int16, int32, float32 or float64. A value that does not fit raises.

    Returns
    -------
    X : ndarray (n_rows, n_columns - 1) of `dtype`
        The inputs, in the order of the file.
    y : ndarray (n_rows,) of int64, float64 or str
        The target: int64 if all values are integers without a decimal point that fit, float64 if all are numbers, else
        strings. Integers that do not fit in int64 are strings, so that no two of them become one class.
    names : list of str or None
        Names of the input columns; None without a header.

    Raises
    ------
    ValueError
        If the file is invalid, or whether it has a header or decimal commas cannot be told. The message names the file, the
        line and the column, both counted from 1.
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
    dtype = np.dtype(dtype)
    if dtype not in TYPES.values():
        raise ValueError(f"dtype must be one of {', '.join(map(str, TYPES.values()))}, got {dtype}")
    with open_unpacked(path) as stream:
        layout = layout_of(start(path, stream, header, delimiter), target)
        X, y = read_blocks(layout, dtype)
    return X, y, layout.names and [name for i, name in enumerate(layout.names) if i != layout.target]


@dataclass(kw_only=True)
class Layout(Start):
    """The format of the table, and the place of the target column."""

    target: int


def layout_of(begun: Start, target: str | int | None) -> Layout:
    if begun.width < 2:
        raise ValueError(
            f"{begun.path}, line 1: the file must have at least two columns, got one: is the delimiter {begun.delimiter!r}?"
        )
    check_names(begun.path, begun.names)
    return Layout(**vars(begun), target=begun.place(default_target(begun) if target is None else target))


def default_target(begun: Start) -> int:
    return begun.names.index("label") if begun.names and "label" in begun.names else 0


def read_blocks(layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    X, labels, n = np.empty((0, layout.width - 1), dtype), [], 0
    for block in blocks_of(layout):
        numbers, texts = parse_fast([text for _, text in block], layout, dtype) or parse_slow(block, layout, dtype)
        end = n + len(block)
        if end > len(X):
            # Grow by an eighth: few copies, little unused memory.
            X.resize((max(end, len(X) * 9 // 8), X.shape[1]), refcheck=False)
        X[n:end] = numbers
        labels.append(np.array(texts))
        n = end
    X.resize((n, X.shape[1]), refcheck=False)
    return X, as_target(labels)


def blocks_of(begun: Start) -> Iterator[Records]:
    """The records after the header, at least one, in blocks of about BLOCK fields."""
    block = None
    while more := list(islice(begun.records, max(1, BLOCK // begun.width))):
        yield (block := more)
    if block is None:
        raise ValueError(f"{begun.path}: no rows after the header")


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


def parse_slow(block: Records, layout: Layout, dtype: np.dtype) -> tuple[np.ndarray, list[str]]:
    """The inputs and the target strings of a block, parsed field by field; raises at the first invalid field."""
    numbers, texts = np.empty((len(block), layout.width - 1), dtype), []
    for i, (line, text) in enumerate(block):
        fields = fields_of(layout, line, text)
        for column, field in enumerate(fields):
            if problem := problem_in(field, is_input=column != layout.target):
                raise layout.error(line, column, problem)
        texts.append(fields.pop(layout.target))
        numbers[i], fits = cast_to(np.array([float(BOOLEANS.get(field.lower(), field)) for field in fields]), dtype)
        if not fits.all():
            column = int(fits.argmin())
            problem = f"{fields[column]} does not fit in {dtype}"
            raise layout.error(line, column + (column >= layout.target), problem)
    return numbers, texts


def rows_of(begun: Start, block: Records) -> list[list[str]]:
    """The fields of the records of a block."""
    texts = [text for _, text in block]
    joined = "".join(texts)
    if '"' in joined or SPACE.search(joined) or begun.decimal == "," or holds(joined, begun.missing):
        return [fields_of(begun, line, text) for line, text in block]
    try:
        rows = list(csv.reader(texts, delimiter=begun.delimiter, quoting=csv.QUOTE_NONE))
    except csv.Error:  # a field of more than 131,072 characters
        rows = []
    if set(map(len, rows)) == {begun.width}:
        return rows
    return [fields_of(begun, line, text) for line, text in block]


def holds(text: str, missing: Iterable[str]) -> bool:
    """Whether a field of this text may be a marker of a missing value."""
    return any(marker in text for marker in missing)


def fields_of(begun: Start, line: int, text: str) -> list[str]:
    """The fields of a record, with decimal points."""
    fields = split_record(text, line, begun.path, begun.delimiter)
    if len(fields) != begun.width:
        hint = f": is the delimiter {begun.delimiter!r}? (--delimiter)" if begun.width == 1 else ""
        raise ValueError(f"{begun.path}, line {line}: {len(fields)} fields, must be {begun.width} as in the first row{hint}")
    fields = without(fields, begun.missing) if begun.missing else fields
    return pointed(fields) if begun.decimal == "," else fields


def cast_to(numbers: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """The numbers in dtype, and a mask of those that fit."""
    with np.errstate(all="ignore"):
        cast = numbers.astype(dtype, copy=False)
    return cast, np.isfinite(cast) if dtype.kind == "f" else cast == numbers


def problem_in(text: str, is_input: bool) -> str | None:
    number = number_in(text)
    if not text:
        return "missing value (the field is empty)"
    if number is None:
        advice = "only the target column may hold strings: set target to this column, or read the table with read_table"
        return f"{text[:40]!r} is not a number; {advice}" if is_input and text.lower() not in BOOLEANS else None
    return None if math.isfinite(number) else f"{text[:40]!r} is not a finite number"


def as_target(blocks: list[np.ndarray]) -> np.ndarray:
    """The target strings as int64, float64 or str."""
    simplest = max(simplest_kind(text) for block in blocks for text in set(block.tolist()))
    kind = (np.int64, np.str_, np.float64, np.str_)[simplest]
    return np.concatenate([block.astype(kind) for block in blocks])


def simplest_kind(text: str) -> int:
    """0 for integers of int64, 1 for others, 2 for other numbers, 3 for text."""
    if INTEGER.fullmatch(text):
        return 0 if -(2**63) <= int(text) < 2**63 else 1
    return 3 if number_in(text) is None or CODES.fullmatch(text) else 2
