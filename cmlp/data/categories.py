"""The categories of a column, and one-hot encoding."""

import datetime
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.data.frames import Column, Levels
from cmlp.data.kinds import is_missing
from cmlp.layers import Array

Label = str | int | float | bool | None
NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Categories:
    """The categories of a column, each of which becomes a column of 0 and 1.

    A number matches in any dtype, as the float32 that is nearest to it, and as a string that spells it; True and False match 1
    and 0. Spaces around a string do not count where they make no difference, and an empty string is a missing cell unless it is
    a level.

    Attributes
    ----------
    levels : list of str, int, float, bool or None
        Sorted; None, the last, is the category of missing cells, if there were any in training.
    n_infrequent : int
        Levels that were merged into one category behind the others, to which unseen levels belong too; if there are none, an
        unseen level becomes all zeros.
    handle_unknown : {"ignore", "error"}
        Whether an unseen level is refused.
    """

    levels: list[Label]
    n_infrequent: int = 0
    handle_unknown: str = "ignore"

    @classmethod
    def fit(cls, column: Column, max_categories: int | None = None, min_frequency: float | None = None) -> "Categories":
        """The categories of a column; which ones are infrequent is decided as in scikit-learn's OneHotEncoder.

        Parameters
        ----------
        column : ndarray or Levels (n_samples,)
        max_categories : int, optional
            The most columns that it may become, that of the infrequent ones included.
        min_frequency : int or float, optional
            Levels that occur less often, in samples or as a share of them, are infrequent.
        """
        counts: Counter[Label] = Counter()
        for value, n in _counted(column):
            counts[canonical(value)] += n
        levels: list[Label] = sorted((level for level in counts if level is not None), key=_order)
        levels += [None] if None in counts else []
        number = np.array([counts[level] for level in levels])
        rare = np.zeros(len(levels), bool)
        if min_frequency is not None:
            rare = number < (min_frequency if isinstance(min_frequency, int) else min_frequency * number.sum())
        if max_categories is not None and len(levels) - rare.sum() + 1 > max_categories:
            kept = max(0, max_categories - 1)
            rare[np.argsort(number, kind="stable")[: len(levels) - kept]] = True
        frequent = [level for level, is_rare in zip(levels, rare) if not is_rare]
        return cls(frequent, int(rare.sum()))

    @property
    def width(self) -> int:
        """The number of columns that it becomes."""
        return len(self.levels) + bool(self.n_infrequent)

    @property
    def unseen(self) -> int:
        """The code of a level that is none of them; -1 for all zeros."""
        return len(self.levels) if self.n_infrequent else -1

    @property
    def are_text(self) -> bool:
        """Whether any level is a string."""
        return any(isinstance(level, str) for level in self.levels)

    @property
    def has_missing(self) -> bool:
        return None in self.levels

    @cached_property
    def _codes(self) -> dict[Any, int]:
        """The code of each level, and of what spells a number among them."""
        codes: dict[Any, int] = {level: code for code, level in enumerate(self.levels)}
        for code, level in enumerate(self.levels):
            if isinstance(level, float):
                for narrow in (np.float32, np.float16):
                    codes.setdefault(float(narrow(level)), code)
            if isinstance(level, str):
                codes.setdefault(level.strip(), code)
                codes.setdefault(spelled(level), code)
        return codes if self.has_missing else {level: code for level, code in codes.items() if level is not None}

    def codes(self, column: Column) -> Array:
        """The code of every cell, int32 (n_samples,): its place among the columns that this becomes, -1 for none."""
        if isinstance(column, Levels):
            each = [self.code(value) for value in column.values]
            return np.array([*each, self.code(None)], np.int32)[column.codes]
        if column.dtype.kind in "iufb":
            values, places = np.unique(column, return_inverse=True)
            return np.array([self.code(value) for value in values], np.int32)[places]
        cells = cells_of(column)
        known = self._codes
        return np.array([known[cell] if cell in known else self.code(cell) for cell in cells], np.int32)

    def code(self, value: Any) -> int:
        """The code of one value."""
        level, known = canonical(value), self._codes
        tries = [level]
        if isinstance(value, (np.float32, np.float16)):
            tries.append(float(value))
        if isinstance(level, str):
            number = spelled(level)
            tries += [level.strip()] + ([number] if number is not None else []) + ([] if level.strip() else [None])
        return next((known[each] for each in tries if each in known), self.unseen)

    def shown(self, n: int = 4) -> str:
        """Some of the levels, in one line."""
        names = ["missing" if level is None else shown(level) for level in self.levels]
        more = ["..."] if len(names) > n else []
        return ", ".join(names[:n] + more + ([f"{self.n_infrequent} infrequent"] if self.n_infrequent else []))

    def names(self) -> list[str]:
        """Of the columns that it becomes, as scikit-learn calls them."""
        return [str(level) for level in self.levels] + ["infrequent_sklearn"] * bool(self.n_infrequent)


def shown(level: Any) -> str:
    """A level in one line, in quotes where it could be taken for several."""
    name = "".join(char if char.isprintable() else "?" for char in str(level))
    return repr(name) if not name.strip() or "," in name or name != str(level) else name


def canonical(value: Any) -> Label:
    """A cell as a level: numbers as int or float, whatever their type; strings as they are; dates in ISO 8601."""
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = float(str(value)) if isinstance(value, (np.float32, np.float16)) else value.item()
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if hasattr(value, "to_timestamp"):  # a period of pandas
        value = value.to_timestamp()
    if isinstance(value, datetime.timedelta):
        return str(datetime.timedelta(value.days, value.seconds, value.microseconds))
    if isinstance(value, datetime.date):
        moment = value if isinstance(value, datetime.datetime) else datetime.datetime.combine(value, datetime.time())
        return (moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
    if value.__hash__ is None:
        raise TypeError(f"a {type(value).__name__} is no category")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    if not math.isfinite(number):
        raise TypeError(f"{number} is no category")
    return int(number) if number.is_integer() else number


def spelled(text: str) -> float | None:
    """The number or the boolean that a string spells; None if it spells none, or is a code with leading zeros."""
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not NUMBER.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _order(level: Any) -> tuple[bool, Any]:
    """Numbers before strings."""
    return isinstance(level, str), level


def _counted(column: Column) -> list[tuple[Any, int]]:
    """The different values and how often they occur."""
    if isinstance(column, Levels):
        counts = np.bincount(column.codes + 1, minlength=len(column.values) + 1).tolist()
        return [(value, n) for value, n in zip([None, *column.values], counts) if n]
    if column.dtype.kind in "iufb":
        values, numbers = np.unique(column, return_counts=True)
        return list(zip(values, numbers.tolist()))
    return list(Counter(cells_of(column)).items())


def cells_of(column: Array) -> list[Any]:
    """The cells of an array that is not numeric, dates and durations as Python's."""
    return (column.astype(f"{column.dtype.kind}8[us]") if column.dtype.kind in "mM" else column).tolist()


def check_limits(max_categories: Any, min_frequency: Any) -> None:
    """Raise unless the limits of rare categories are valid."""
    if max_categories is not None:
        validation.check_integer("max_categories", max_categories, 1)
    if min_frequency is not None and not isinstance(min_frequency, bool) and isinstance(min_frequency, (int, np.integer)):
        validation.check_integer("min_frequency", int(min_frequency), 1)
    elif min_frequency is not None:
        validation.check_inside_unit("min_frequency", min_frequency)
