"""The kinds of columns: found out once from dtype and content, then applied to the cells of any table that comes later.

A missing cell is None, NaN, NaT, pandas.NA, masked, or null, in every kind of column. The number of a date is the days since
1970-01-01 (of a moment with a time zone, in UTC), that of a duration its days, whatever their resolution.
"""

import datetime
import decimal
import numbers
from typing import Any, NoReturn

import numpy as np

from cmlp.data.frames import Column, Levels, objects
from cmlp.layers import Array

NUMERIC, BOOLEAN, DATE, DURATION, CATEGORICAL = "numeric", "boolean", "date", "duration", "categorical"
IGNORED = "ignored"
KINDS = (NUMERIC, BOOLEAN, DATE, DURATION, CATEGORICAL, IGNORED)
OF_DTYPE = {
    "b": BOOLEAN,
    "i": NUMERIC,
    "u": NUMERIC,
    "f": NUMERIC,
    "M": DATE,
    "m": DURATION,
    "U": CATEGORICAL,
    "T": CATEGORICAL,
}
BOOLEANS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
DAY = np.timedelta64(1, "D")


class ColumnError(ValueError):
    """A cell that cannot be used.

    Attributes
    ----------
    row, column : int or None
        Where it is.
    problem : str
        What is wrong, without the place.
    """

    def __init__(self, name: Any, column: int | None, row: int | None, problem: str, remedy: str = "") -> None:
        place = "" if row is None else f" in row {row}"
        super().__init__(f"column {name!r} {problem}{place}" + (f": {remedy}" if remedy else ""))
        self.row, self.column, self.problem = row, column, problem


# --- missing cells ----------------------------------------------------------------------------------------------------------
def is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas.NA."""
    if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (numbers.Number, np.generic)) and bool(value != value)


NEVER_MISSING = {str, int, bool, bytes, datetime.datetime, datetime.date, datetime.timedelta}


def missing_in(column: Column) -> Array:
    """The mask (n_samples,) of missing cells."""
    if isinstance(column, Levels):
        return (column.codes < 0) | np.append(missing_in(objects(column.values)), True)[column.codes]
    if column.dtype.kind in "fmM":
        return np.isnan(column) if column.dtype.kind == "f" else np.isnat(column)
    if column.dtype.kind not in "OT" or not _types(column) - NEVER_MISSING:
        return np.zeros(len(column), bool)
    return np.fromiter((is_missing(value) for value in column.tolist()), bool, len(column))


def _types(column: Any) -> set[type]:
    return set(map(type, column.tolist()))


# --- the kind of a column ---------------------------------------------------------------------------------------------------
def kind_of(column: Column, name: Any) -> str:
    """What a column holds: one of `KINDS`; numeric if all of it is missing.

    Raises
    ------
    TypeError
        If its values are neither numbers, booleans, dates, durations nor strings.
    """
    if isinstance(column, Levels):
        return CATEGORICAL
    if column.dtype.kind in OF_DTYPE:
        return OF_DTYPE[column.dtype.kind]
    check_real(column, name)
    if column.dtype.kind != "O":
        _refuse_kind(name, f"dtype {column.dtype}")
    types = {kind for kind in _types(column) if not is_missing_type(kind)}
    if float in types and len(types) > 1 and not any(isinstance(value, float) and value == value for value in column.tolist()):
        types.discard(float)  # NaN alone, between values of other kinds
    found = {_kind_of_type(kind, name) for kind in types}
    if found <= {BOOLEAN}:
        return BOOLEAN if found else NUMERIC
    if found <= {BOOLEAN, NUMERIC}:
        return NUMERIC
    return found.pop() if len(found) == 1 else CATEGORICAL


def check_real(column: Column, name: Any) -> None:
    """Raise a ValueError if a column holds complex numbers."""
    if isinstance(column, np.ndarray) and (
        column.dtype.kind == "c" or (column.dtype.kind == "O" and complex in _types(column))
    ):
        raise ValueError(f"Complex data not supported: column {name!r} must hold real numbers, got complex ones")


def is_missing_type(kind: type) -> bool:
    return kind is type(None) or kind.__name__ in ("NAType", "NaTType", "MaskedConstant")


def _kind_of_type(kind: type, name: Any) -> str:
    if issubclass(kind, (bool, np.bool_)):
        return BOOLEAN
    if issubclass(kind, (datetime.timedelta, np.timedelta64)):
        return DURATION
    if issubclass(kind, (numbers.Real, decimal.Decimal)):
        return NUMERIC
    if issubclass(kind, (datetime.date, np.datetime64)) or kind.__name__ == "Period":
        return DATE
    if issubclass(kind, (str, bytes)):
        return CATEGORICAL
    _refuse_kind(name, f"a value of type {kind.__name__}")


def _refuse_kind(name: Any, got: str) -> NoReturn:
    raise TypeError(
        f"column {name!r} must hold numbers, booleans, dates, durations or strings, got {got}: the argument must be a string "
        "or a number in every cell"
    )


# --- cells as numbers -------------------------------------------------------------------------------------------------------
def numbers_of(column: Column, kind: str, name: Any, place: int | None = None) -> Array:
    """The cells of a column that is not categorical as float64 (n_samples,), NaN where they are missing.

    Raises
    ------
    ColumnError
        If a cell is of another kind.
    """
    if isinstance(column, Levels):
        each = np.append(numbers_of(objects(column.values), kind, name, place), np.nan)
        return each[column.codes]
    code = column.dtype.kind
    if code in "biuf":
        if kind in (DATE, DURATION) and not (code == "f" and np.isnan(column).all()):
            raise _other_kind(name, place, kind, str(column.dtype))
        values = column.astype(np.float64, copy=False)
        return values if kind != BOOLEAN or code == "b" else _checked_booleans(values, name, place)
    if code in "mM":
        if kind != OF_DTYPE[code]:
            raise _other_kind(name, place, kind, str(column.dtype))
        return days(column)
    if code not in "OUT":
        _refuse_kind(name, f"dtype {column.dtype}")
    return _of_objects(column, kind, name, place)


PLURAL = {NUMERIC: "numbers", BOOLEAN: "booleans", DATE: "dates", DURATION: "durations", CATEGORICAL: "categories"}


def _other_kind(name: Any, place: int | None, kind: str, got: str, row: int | None = None) -> ColumnError:
    return ColumnError(name, place, row, f"must hold {PLURAL[kind]} as in training, got {got}")


def days(column: Array) -> Array:
    """Dates since 1970-01-01, or durations, in days; exact to the resolution of float64, whatever the unit."""
    if column.dtype.kind == "m":
        return column / DAY
    whole = column.astype("M8[D]")
    since = np.where(np.isnat(whole), np.nan, whole.astype(np.int64))
    if np.datetime_data(column.dtype)[0] in ("Y", "M", "W", "D"):
        return since
    return since + (column - whole) / DAY


def _checked_booleans(values: Array, name: Any, place: int | None) -> Array:
    wrong = np.flatnonzero(~((values == 0) | (values == 1) | np.isnan(values)))
    if len(wrong):
        raise ColumnError(name, place, int(wrong[0]), f"must hold booleans as in training, got {values[wrong[0]]:g}")
    return values


def _of_objects(column: Array, kind: str, name: Any, place: int | None) -> Array:
    """Cells of Python objects and strings."""
    if kind == NUMERIC and not any(issubclass(each, (np.datetime64, np.timedelta64)) for each in _types(column)):
        try:
            return column.astype(np.float64)
        except (TypeError, ValueError):
            cells = [np.nan if is_missing(value) or value == "" else value for value in column.tolist()]
        try:
            return np.array(cells, dtype=np.float64)
        except (TypeError, ValueError):
            pass  # which cell it is, the loop finds out
    values = np.empty(len(column))
    for row, value in enumerate(column.tolist()):
        try:
            values[row] = np.nan if is_missing(value) or value == "" else READ[kind](value)
        except (TypeError, ValueError, KeyError, OverflowError, decimal.InvalidOperation):
            if value.__hash__ is None:
                _refuse_kind(name, f"a value of type {type(value).__name__}")
            got = repr(value)[:60] if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
            raise _other_kind(name, place, kind, got, row) from None
    return values


def _boolean(value: Any) -> float:
    if isinstance(value, str):
        return BOOLEANS[value.strip().lower()]
    return {0.0: 0.0, 1.0: 1.0}[float(value)]


def _number(value: Any) -> float:
    if isinstance(value, (datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)):
        raise TypeError
    return float(value)


def _date(value: Any) -> float:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.strip())
    if hasattr(value, "to_timestamp"):
        value = value.to_timestamp()
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    if not isinstance(value, (datetime.date, np.datetime64)):
        raise TypeError
    return float(days(np.array([value], dtype=None if isinstance(value, np.datetime64) else "M8[us]"))[0])


def _duration(value: Any) -> float:
    if not isinstance(value, (datetime.timedelta, np.timedelta64)):
        raise TypeError
    return float(value / DAY if isinstance(value, np.timedelta64) else value / datetime.timedelta(days=1))


READ = {NUMERIC: _number, BOOLEAN: _boolean, DATE: _date, DURATION: _duration}


# --- parts of a date --------------------------------------------------------------------------------------------------------
CALENDAR = ("year", "month", "day_of_week", "hour")


def calendar_part(since: Array, part: str) -> Array:
    """The year, the month (1 to 12), the day of the week (0 is Monday) or the hour (0 to 23) of days since 1970-01-01."""
    whole = np.floor(since)
    if part == "day_of_week":
        return (whole + 3) % 7
    if part == "hour":
        return np.floor(np.round((since - whole) * 86400) / 3600) % 24
    date = np.where(np.isnan(whole), 0, whole).astype("M8[D]")
    years = date.astype("M8[Y]")
    number = years.astype(np.int64) + 1970 if part == "year" else (date.astype("M8[M]") - years).astype(np.int64) + 1
    return np.where(np.isnan(whole), np.nan, number)
