"""The beginning of a CSV file: its delimiter, whether it has a header, and which character is the decimal point."""

import csv
import operator
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from cmlp.datasets.csv_lines import records, split_record
from cmlp.datasets.fields import COMMA, is_missing, is_number, pointed, typed

SAMPLE = 100  # lines that are looked at
DELIMITERS = (",", ";", "\t", "|")
GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")  # 1,234: with a decimal comma, or 1234 in groups of thousands
DIGITS = re.compile(r"[+-]?[.,]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?")


@dataclass
class Start:
    """The format of a table, from its first rows, and the records that follow the header."""

    path: Any
    delimiter: str
    decimal: str
    names: list[str] | None
    width: int
    records: Iterator[tuple[int, str]]
    missing: frozenset[str] = frozenset()  # fields that are read as if they were empty

    def error(self, line: int, column: int, problem) -> ValueError:
        name = f" ({self.names[column]!r})" if self.names else ""
        return ValueError(f"{self.path}, line {line}, column {column + 1}{name}: {problem}")

    def place(self, column: str | int) -> int:
        """The index of a column, given by name or index."""
        return place_of(self.path, column, self.names, self.width)


def start(
    path,
    stream,
    header: bool | None,
    delimiter: str | None,
    decimal: str | None = None,
    known: Any = (),
    missing: Iterable[str] = (),
) -> Start:
    """Read the first rows. A first row with a name that is `known` is a header; fields in `missing` are read as empty ones.

    Raises
    ------
    ValueError
        If the file is empty; if `header` is None and the first row may be a header or a sample; if `decimal` is None and
        numbers such as 1,234 may have a decimal comma or groups of thousands.
    """
    check_delimiter(delimiter)
    sample = list(islice(stream, SAMPLE))
    if delimiter is None:
        delimiter = sniffed([line.decode("utf-8-sig", "replace") for line in sample])
    rest = records(path, chain(sample, stream), delimiter)
    beginning = list(islice(rest, max(1, len(sample))))
    if not beginning:
        raise ValueError(f"{path}: the file is empty")
    markers = frozenset(missing)
    rows = [without(split_record(text, line, path, delimiter), markers) for line, text in beginning]
    check_given(path, delimiter, sample, max(map(len, rows)))
    first, below = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if header is None:
        plain = [row if delimiter == "," else pointed(row) for row in (first, *below)]
        header = is_known(first, known) or is_header(path, plain[0], plain[1:])
    names = first if header else None
    columns = list(zip(*(below if header else rows[:1] + below)))
    decimal = decimal or decimal_of(path, columns, names, delimiter)
    return Start(path, delimiter, decimal, names, len(first), chain(beginning[1:] if header else beginning, rest), markers)


def without(fields: list[str], missing: Container[str]) -> list[str]:
    """The fields, with empty ones in place of those that are markers of missing values."""
    return ["" if field in missing else field for field in fields]


def listed(names: list[str]) -> str:
    """The first 20 names."""
    return ", ".join(map(repr, names[:20])) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def place_of(path, column: str | int, names: list[str] | None, width: int) -> int:
    """The index of a column, given by name or index.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    if not isinstance(column, str):
        if not -width <= operator.index(column) < width:
            raise ValueError(f"{path}: no column {column}: it must be from 0 to {width - 1}, or negative to count from the end")
        return operator.index(column) % width
    if names is None:
        raise ValueError(f"{path}: a column must be given by its index, since the file has no header, got {column!r}")
    if column not in names:
        raise ValueError(f"{path}: no column {column!r}: the columns are {listed(names)}")
    return names.index(column)


def check_names(path, names: list[str] | None, dropped: Container[int] = ()) -> None:
    """Raise unless every column has a name of its own, but for dropped ones."""
    first: dict[str, int] = {}
    for column, name in enumerate(names or []):
        if column in dropped:
            continue
        if not name:
            raise ValueError(
                f"{path}, line 1, column {column + 1}: the header has no name for this column: name it, or leave it out "
                f"(--drop {column})"
            )
        if first.setdefault(name, column) < column:
            raise ValueError(f"{path}, line 1, column {column + 1}: the name {name!r} is also that of column {first[name] + 1}")


def check_delimiter(delimiter: Any) -> None:
    if delimiter is not None and not (isinstance(delimiter, str) and re.fullmatch(r'[^\w"+\-.\r\n\0]', delimiter)):
        raise ValueError(f"delimiter must be one character, not a letter, digit, quote, sign or point, got {delimiter!r}")


# --- the delimiter ------------------------------------------------------------------------------------------------------
def sniffed(lines: list[str]) -> str:
    """The delimiter of these lines: the one that makes rows of one width, and most fields numbers, dates or booleans."""
    found = [(*merit_of(lines, delimiter), -place, delimiter) for place, delimiter in enumerate(DELIMITERS)]
    return max(found)[-1]


def merit_of(lines: list[str], delimiter: str) -> tuple[float, float, int]:
    """(share of rows of the first row's width, share of fields that are not text, width); zeros if there is one column."""
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    except csv.Error:
        return 0, 0, 0
    rows = rows[: len(rows) - 1 or 1] if len(lines) == SAMPLE else rows  # the last one may be cut
    if not rows or len(rows[0]) == 1:
        return 0, 0, 0
    fields = [text.strip() for row in rows for text in row]
    known = sum(is_number(text) or is_missing(text) or bool(delimiter != "," and COMMA.fullmatch(text)) for text in fields)
    same = sum(len(row) == len(rows[0]) for row in rows)
    return same / len(rows), known / len(fields), len(rows[0])


def check_given(path, delimiter: str, sample: list[bytes], width: int) -> None:
    """Raise if the delimiter is in none of the first rows, and another one divides all of them into columns of one width."""
    if width > 1:
        return
    lines = [line.decode("utf-8-sig", "replace") for line in sample]
    other = sniffed(lines)
    same, known, n_columns = merit_of(lines, other)
    if other != delimiter and same == 1 and known > 0:
        raise ValueError(f"{path}: the first rows hold no delimiter {delimiter!r}, but {n_columns} fields each with {other!r}")


# --- the header ---------------------------------------------------------------------------------------------------------
def is_known(first: list[str], known) -> bool:
    """Whether the first row holds a known name that is no number, or all known names."""
    return bool(known) and (any(name in first and not is_number(name) for name in known) or set(known) <= set(first))


def is_header(path, first: list[str], below: list[list[str]]) -> bool:
    """Whether the first row holds names: text above columns of numbers, booleans or dates.

    Where all columns are text, it is a header if none of its fields recurs in a table whose columns repeat their values.
    """
    is_text = [typed([text])[0] == "text" and any(map(str.isalnum, text)) for text in first]
    if not any(is_text):
        return False
    columns = list(zip(*below)) or [()] * len(first)
    kinds = [typed(list(column))[0] for column in columns]
    if any(text and kind not in ("text", "missing") for text, kind in zip(is_text, kinds)):
        return True
    if not all(is_text) or any(text in column for text, column in zip(first, columns)):
        return False
    if not below or any(2 * len(set(column)) <= len(column) for column in columns):
        return True
    raise ValueError(
        f"{path}, line 1: the first row may hold the names of the columns or the first sample, since all columns are text: "
        "give header=True or header=False (--header or --no-header)"
    )


# --- the decimal point --------------------------------------------------------------------------------------------------
def decimal_of(path, columns, names: list[str] | None, delimiter: str) -> str:
    """The decimal point, "." or ",", of the columns that hold nothing but digits, points and commas."""
    found = "."
    for i, column in enumerate(columns):
        present = [text for text in column if not is_missing(text)]
        commas = [text for text in present if "," in text]
        if not commas or not all(map(DIGITS.fullmatch, present)):
            continue
        where = f"{path}: column {names[i]!r}" if names else f"{path}: column {i + 1}"
        in_groups = all(map(GROUPS.fullmatch, commas))
        if delimiter == "," and not in_groups:
            continue  # lists, more likely than decimal commas in quotes
        other = next((text for text in commas if not COMMA.fullmatch(text)), None)
        if other is not None:
            raise ValueError(f"{where} holds {other!r}: write numbers without groups of thousands")
        if in_groups:
            raise ValueError(
                f"{where} holds {commas[0]!r}, with a decimal comma or a group of thousands: give decimal=',' (--decimal ,), "
                "or write it without a comma"
            )
        found = ","
    return found
