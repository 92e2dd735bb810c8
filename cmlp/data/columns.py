"""Preprocessing of tables in plain NumPy: imputation of missing values, scaling, one-hot encoding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtri

from cmlp.layers import Array


class Table(list):
    """A list of columns, each an array (n_samples,), to tell it from a list of rows."""


BLOCK = 1 << 20  # numbers scaled at a time
EDGE = 1e-7  # values this close to the outermost quantiles are equal to them: scikit-learn's BOUNDS_THRESHOLD
LOWEST, HIGHEST = (float(ndtri(place)) for place in (EDGE - np.spacing(1), 1 - (EDGE - np.spacing(1))))  # normal scores


@dataclass(frozen=True, eq=False)
class Columns:
    """Preprocessing of the columns of a table: imputation, scaling, one-hot encoding. Columns are identified by index.

    The result has the numeric columns first, then the missing indicators, then the one-hot columns of the categories.

    Attributes
    ----------
    n_columns : int
    names : list of str or None
    numeric : list of int
    fill : ndarray (n_numeric,) or None
        Replaces missing values; nan: the column is dropped. None: missing values are not allowed.
    indicated : list of int
        Positions in numeric of the columns with a missing indicator, which is 1 where the value was missing.
    center, scale : ndarray (n_numeric + n_indicated,) or None
        Standardization, ``(x - center) / scale``, of numeric columns and missing indicators.
    quantiles : ndarray (n_quantiles, n_numeric + n_indicated) or None
        Quantile transformation instead: the standard normal quantile of the rank of a value among these.
    categorical : list of int
    categories : list of ndarray
        Of each categorical column; unknown categories are encoded as zeros.
    """

    n_columns: int
    names: list[str] | None = None
    numeric: list[int] = field(default_factory=list)
    fill: Array | None = None
    indicated: list[int] = field(default_factory=list)
    center: Array | None = None
    scale: Array | None = None
    quantiles: Array | None = None
    categorical: list[int] = field(default_factory=list)
    categories: list[Array] = field(default_factory=list)

    @classmethod
    def standardizing(cls, X: Array, names: list[str] | None = None) -> "Columns":
        """Columns that standardize X to mean 0 and standard deviation 1; a constant column becomes 0.

        Parameters
        ----------
        X : ndarray (n_samples, n_columns)
        names : list of str, optional

        Raises
        ------
        ValueError
            If the standard deviation of a column overflows or underflows.

        Examples
        --------
        >>> import numpy as np, cmlp
        >>> cmlp.data.Columns.standardizing(np.array([[1.0], [3.0]])).transform([[5.0]])
        array([[3.]])
        """
        try:
            with np.errstate(over="raise", divide="raise"):
                mean, scale = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
                scale = np.where(X.min(axis=0) == X.max(axis=0), 1.0, scale)
        except FloatingPointError:
            scale = np.zeros(1)
        if not scale.all():
            raise ValueError("the standard deviation of every column must be finite and not underflow: rescale the column")
        return cls(X.shape[1], names, list(range(X.shape[1])), center=mean, scale=scale)

    def __post_init__(self) -> None:
        if self.names is not None:
            names = list(self.names)
            if not all(isinstance(name, str) for name in names) or len(names) != self.n_columns:
                raise ValueError(f"names must be {self.n_columns} strings, got {names[:10]}")
            object.__setattr__(self, "names", names)

    @property
    def kept(self) -> list[int]:
        """Positions in numeric of the columns that are not dropped."""
        filled = range(len(self.numeric)) if self.fill is None else np.flatnonzero(~np.isnan(self.fill))
        return [int(place) for place in filled]

    @property
    def n_inputs(self) -> int:
        """The number of columns of the result."""
        return len(self.kept) + len(self.indicated) + sum(map(len, self.categories))

    def transform(self, X: Any) -> Array:
        """The preprocessed matrix (n_samples, n_inputs) of float64.

        Parameters
        ----------
        X : array_like (n_samples, n_columns), data frame, or `Table`

        Raises
        ------
        ValueError
            If columns are missing, unknown, in another order, or of another kind than in training.
        """
        columns = self.split(X)
        parts = [self._numbers(columns)] if self.numeric else []
        parts += [self._one_hot(columns, place, known) for place, known in zip(self.categorical, self.categories)]
        return np.hstack(parts)

    def transform_in_place(self, X: Array) -> None:
        """`transform` without a second array of the size of X; the number of columns must stay the same."""
        n_rows = max(1, BLOCK // X.shape[1])
        for start in range(0, len(X), n_rows):
            X[start : start + n_rows] = self.transform(X[start : start + n_rows])

    def split(self, X: Any) -> Sequence[Array]:
        """The columns of X as arrays."""
        names = getattr(X, "columns", None)
        if names is not None:
            if self.names is not None:
                check_names(list(names), self.names)
            columns: Any = [np.asarray(X[name]) for name in names]
        else:
            columns = X if isinstance(X, Table) else np.atleast_2d(np.asarray(X)).T
        if len(columns) != self.n_columns:
            raise ValueError(f"X has {len(columns)} columns, the model was trained on {self.n_columns}")
        return columns

    def _numbers(self, columns: Sequence[Array]) -> Array:
        values = np.empty((len(columns[0]), len(self.numeric)))
        for i, place in enumerate(self.numeric):
            try:
                values[:, i] = np.where(_missing(columns[place]), np.nan, columns[place])
            except (TypeError, ValueError):
                raise ValueError(f"column {self.name(place)} must hold numbers, got {columns[place].dtype}") from None
        if self.fill is not None:
            missing = np.isnan(values)
            values = np.where(missing, self.fill, values)
            values = np.hstack([values[:, self.kept], missing[:, self.indicated]])
        if not np.isfinite(values).all():
            row, i = (int(k) for k in np.argwhere(~np.isfinite(values))[0])
            where = f"column {self.name(self.numeric[i])} " if self.fill is None else "X "
            raise ValueError(f"{where}must be finite, got {values[row, i]} in row {row}")
        if self.quantiles is not None:
            return np.column_stack([_scores(*pair) for pair in zip(values.T, self.quantiles.T)])
        return values if self.center is None or self.scale is None else (values - self.center) / self.scale

    def _one_hot(self, columns: Sequence[Array], place: int, known: Array) -> Array:
        column = columns[place]
        if not is_text(known):
            try:
                column, known = np.where(_missing(column), np.nan, column).astype(np.float64), numbers_of(known)
            except (TypeError, ValueError):
                raise ValueError(f"column {self.name(place)} must hold numbers, got strings") from None
        return np.column_stack([_equal(column, category) for category in known.tolist()]).astype(np.float64)

    @property
    def as_they_are(self) -> bool:
        """Whether the columns are passed through unchanged; only their names are checked."""
        prepared = (self.fill, self.center, self.quantiles)
        return not self.categorical and all(part is None for part in prepared) and self.numeric == list(range(self.n_columns))

    def name(self, place: int) -> str:
        return repr(self.names[place]) if self.names else str(place)


def is_text(known: Array) -> bool:
    """Whether any of the categories is a string."""
    return any(isinstance(category, str) for category in known.tolist())


def numbers_of(known: Array) -> Array:
    """Numeric categories as float64; nan for the category of missing values."""
    return np.array([np.nan if category is None else category for category in known.tolist()], np.float64)


def _missing(column: Array) -> Array:
    """Mask of None, nan and pandas.NA in a column of objects."""
    if column.dtype.kind != "O":
        return np.zeros(len(column), bool)
    return np.array([value is None or type(value).__name__ == "NAType" or value != value for value in column], bool)


def _equal(column: Array, category) -> Array:
    if isinstance(category, float) and np.isnan(category):
        return np.asarray(column != column, dtype=bool)
    return np.asarray(column == category, dtype=bool) & np.ones(len(column), dtype=bool)


def _scores(values: Array, quantiles: Array) -> Array:
    """Standard normal quantiles of the ranks of values among quantiles; ties get the mean rank."""
    levels = np.linspace(0, 1, len(quantiles))
    below, above = values - EDGE < quantiles[0], values + EDGE > quantiles[-1]
    places = np.interp(values, quantiles, levels) - np.interp(-values, -quantiles[::-1], -levels[::-1])
    places = np.where(below, 0, np.where(above, 1, places / 2))
    return np.clip(ndtri(places), LOWEST, HIGHEST)


def check_names(given: list[str], known: list[str]) -> None:
    """Raise unless the columns are those of training, in the same order."""
    missing = [name for name in known if name not in given]
    extra = [name for name in given if name not in known]
    if missing or extra:
        problems = [f"missing: {', '.join(map(repr, missing[:10]))}"] if missing else []
        problems += [f"unknown: {', '.join(map(repr, extra[:10]))}"] if extra else []
        raise ValueError(f"X must have the columns of training: {'; '.join(problems)}")
    if given != known:
        place = next(i for i, name in enumerate(known) if given[i] != name)
        raise ValueError(
            f"column {place} must be {known[place]!r} as in training, got {given[place]!r}; the order is "
            f"{', '.join(known[:20])}"
        )
