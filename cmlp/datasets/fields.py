"""What the fields of a CSV file spell: numbers, booleans, dates, missing values; else text."""

import re
from typing import Any

import numpy as np

MISSING = frozenset(["", "na", "n/a", "nan", "null", "none"])  # in lower case; in a column of text only ""
BOOLEANS = {"true": True, "false": False}  # in lower case
INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
CODES = re.compile(r"^[+-]?0[0-9]+$", re.MULTILINE)  # such as 007 or a postal code: text, else 01 and 1 would be the same
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")  # a number with a decimal comma
EXACT = 2**53  # float64 holds every integer up to this one

Array = np.ndarray


def number_in(text: str) -> float | None:
    """The number that a string spells, or None; stricter than float(), which accepts 1_000 and non-ASCII digits."""
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def is_number(text: str) -> bool:
    """Whether a field of a CSV file is a number."""
    return number_in(text) is not None


def is_missing(text: str) -> bool:
    """Whether a field stands for a missing value, in a column of numbers, booleans or dates."""
    return text.lower() in MISSING


def pointed(fields: list[str]) -> list[str]:
    """The fields with a point in place of a decimal comma."""
    return [text.replace(",", ".") if "," in text and COMMA.fullmatch(text) else text for text in fields]


def typed(fields: list[str]) -> tuple[str, Array]:
    """The kind of a column, and its values, from its fields without the spaces around them.

    Returns
    -------
    kind : {"missing", "number", "boolean", "date", "text"}
    values : ndarray (n_rows,)
        int64 or float64 (with nan) of numbers, objects where integers exceed int64, or float64 where some are missing; bool or
        objects with None; datetime64 with NaT; objects (str or None) of text.
    """
    for kind, read in (("number", numbers), ("boolean", booleans), ("date", dates)):
        values = read(fields)
        if values is not None:
            return kind, values
    present = [text for text in fields if not is_missing(text)]
    if len(present) == len(fields):
        return "text", texts(fields)
    if not present:
        return "missing", as_objects([None] * len(fields))
    kind, values = typed(present)
    if kind == "text":
        return kind, texts(fields)
    return kind, among_missing(values, np.array([not is_missing(text) for text in fields]))


def numbers(fields: list[str]) -> Array | None:
    joined = "\n".join(fields)
    if not joined.isascii() or "_" in joined or CODES.search(joined):
        return None
    try:
        return np.fromiter(map(int, fields), np.int64, len(fields))
    except OverflowError:
        if all(map(INTEGER.fullmatch, fields)):
            return as_objects(list(map(int, fields)))
    except ValueError:
        pass
    try:
        return np.fromiter(map(float, fields), np.float64, len(fields))
    except ValueError:
        return None


def booleans(fields: list[str]) -> Array | None:
    if not fields or fields[0].lower() not in BOOLEANS:
        return None
    found = [BOOLEANS.get(text.lower()) for text in fields]
    return None if None in found else np.array(found, dtype=bool)


def dates(fields: list[str]) -> Array | None:
    """ISO 8601 dates and times as datetime64; those with an offset in UTC."""
    matches = []
    for text in fields:
        match = DATE.fullmatch(text)
        if match is None:
            return None
        matches.append(match)
    offsets = [match[1] for match in matches]
    plain = [text.removesuffix(offset or "") for text, offset in zip(fields, offsets)]
    try:
        values = np.array(plain, dtype="datetime64")
    except ValueError:
        return None
    if not any(offsets):
        return values
    return values - np.array([minutes(offset) for offset in offsets]).astype("timedelta64[m]")


def minutes(offset: str | None) -> int:
    """The minutes east of UTC of an offset such as +01:00."""
    if offset is None or offset == "Z":
        return 0
    digits = offset[1:].replace(":", "")
    east = 60 * int(digits[:2]) + int(digits[2:])
    return -east if offset[0] == "-" else east


def texts(fields: list[str], known: dict[str, str] | None = None) -> Array:
    """Strings, and None for empty fields; equal strings are one object, the one in `known`."""
    known = {} if known is None else known
    return as_objects([known.setdefault(text, text) if text else None for text in fields])


def as_objects(values: list[Any]) -> Array:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def among_missing(values: Array, present: Array) -> Array:
    """The values where present, in an array of a dtype that has something for missing ones elsewhere."""
    if values.dtype.kind == "M":
        made: Array = np.full(len(present), np.datetime64("NaT"), dtype=values.dtype)
    elif values.dtype.kind == "f" or is_exact(values):
        made = np.full(len(present), np.nan)
    else:
        made = as_objects([None] * len(present))
        values = as_objects(values.tolist())
    made[present] = values
    return made


def is_exact(values: Array) -> bool:
    """Whether all are integers that float64 holds exactly."""
    return values.dtype.kind == "i" and values.max(initial=0) <= EXACT and values.min(initial=0) >= -EXACT


def joined_parts(parts: list[Array]) -> Array:
    """The blocks of a column of numbers or booleans as one array; integers stay exact."""
    kinds = {part.dtype.kind for part in parts}
    large = any(part.dtype.kind == "i" and not is_exact(part) for part in parts)
    whole = all(part.dtype.kind != "f" or (np.isnan(part) | (part == np.floor(part))).all() for part in parts)
    if len(kinds) > 1 and ("O" in kinds or (large and whole)):
        parts = [as_objects([None if value != value else value for value in part.tolist()]) for part in parts]
    return np.concatenate(parts)
