"""From the columns of a table to the matrix that a network sees: missing numbers, scaling, one-hot columns, in plain NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtri

from cmlp.layers import Array


class Table(list):
    """Columns of a table, each an array (n_samples,): what a list of rows is not."""


AT_ONCE = 1 << 20  # numbers that are scaled together
EDGE = 1e-7  # how near to the outermost quantiles counts as at them: scikit-learn's BOUNDS_THRESHOLD
LOWEST, HIGHEST = (float(ndtri(place)) for place in (EDGE - np.spacing(1), 1 - (EDGE - np.spacing(1))))  # normal scores


@dataclass(frozen=True, eq=False)
class Columns:
    """What happens to each column of a table in front of a network; columns are identified by their position.

    The matrix has the numeric columns first, then missing indicators, then the one-hot columns of the categories.

    Attributes
    ----------
    n_columns : int
    names : list of str or None
    numeric : list of int
    fill : ndarray (n_numeric,) or None
        What stands for missing numbers; nan: the column is left out. None: none may be missing.
    indicated : list of int
        Numeric columns, counted among themselves, that have a missing indicator: 1 where the number was missing.
    center, scale : ndarray (n_numeric + n_indicated,) or None
        ``(x - center) / scale`` of what is then there.
    quantiles : ndarray (n_quantiles, n_numeric + n_indicated) or None
        The normal score of a number's place among these, in place of center and scale.
    categorical : list of int
    categories : list of ndarray
        Of each categorical column; what is none of them becomes zeros.
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
        """Columns that bring X to mean 0 and standard deviation 1, or to 0 where it is constant.

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
            raise ValueError("the standard deviation of a column overflows or underflows: rescale the column")
        return cls(X.shape[1], names, list(range(X.shape[1])), center=mean, scale=scale)

    def __post_init__(self) -> None:
        if self.names is not None:
            names = list(self.names)
            if not all(isinstance(name, str) for name in names) or len(names) != self.n_columns:
                raise ValueError(f"names must be {self.n_columns} strings, got {names[:10]}")
            object.__setattr__(self, "names", names)

    @property
    def kept(self) -> list[int]:
        """Numeric columns, counted among themselves, that are not left out."""
        filled = range(len(self.numeric)) if self.fill is None else np.flatnonzero(~np.isnan(self.fill))
        return [int(place) for place in filled]

    @property
    def n_inputs(self) -> int:
        """Columns of the matrix."""
        return len(self.kept) + len(self.indicated) + sum(map(len, self.categories))

    def transform(self, X: Any) -> Array:
        """The matrix (n_samples, n_inputs) of float64.

        Parameters
        ----------
        X : array_like (n_samples, n_columns), data frame, or `Table`

        Raises
        ------
        ValueError
            If columns are missing, too many, in another order, or hold something else than in training.
        """
        columns = self.split(X)
        parts = [self._numbers(columns)] if self.numeric else []
        parts += [self._one_hot(columns, place, known) for place, known in zip(self.categorical, self.categories)]
        return np.hstack(parts)

    def transform_in_place(self, X: Array) -> None:
        """`transform` where there are as many columns after as before, without another array of X's size."""
        n_rows = max(1, AT_ONCE // X.shape[1])
        for start in range(0, len(X), n_rows):
            X[start : start + n_rows] = self.transform(X[start : start + n_rows])

    def split(self, X: Any) -> Sequence[Array]:
        """The columns, each an array."""
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
        """Whether nothing happens to the columns but that their names are looked at."""
        prepared = (self.fill, self.center, self.quantiles)
        return not self.categorical and all(part is None for part in prepared) and self.numeric == list(range(self.n_columns))

    def name(self, place: int) -> str:
        return repr(self.names[place]) if self.names else str(place)


def is_text(known: Array) -> bool:
    """Whether any of the categories is text."""
    return any(isinstance(category, str) for category in known.tolist())


def numbers_of(known: Array) -> Array:
    """Categories that are numbers, also where they came as objects; nan where a missing one was a category of its own."""
    return np.array([np.nan if category is None else category for category in known.tolist()], np.float64)


def _missing(column: Array) -> Array:
    """Where objects are None, nan or pandas' NA."""
    if column.dtype.kind != "O":
        return np.zeros(len(column), bool)
    return np.array([value is None or type(value).__name__ == "NAType" or value != value for value in column], bool)


def _equal(column: Array, category) -> Array:
    if isinstance(category, float) and np.isnan(category):
        return np.asarray(column != column, dtype=bool)
    return np.asarray(column == category, dtype=bool) & np.ones(len(column), dtype=bool)


def _scores(values: Array, quantiles: Array) -> Array:
    """The normal scores of values by their places among quantiles; the mean of both ends where quantiles are equal."""
    levels = np.linspace(0, 1, len(quantiles))
    below, above = values - EDGE < quantiles[0], values + EDGE > quantiles[-1]
    places = np.interp(values, quantiles, levels) - np.interp(-values, -quantiles[::-1], -levels[::-1])
    places = np.where(below, 0, np.where(above, 1, places / 2))
    return np.clip(ndtri(places), LOWEST, HIGHEST)


def check_names(given: list[str], known: list[str]) -> None:
    """Raise unless the columns are those of training, in their order."""
    missing = [name for name in known if name not in given]
    extra = [name for name in given if name not in known]
    if missing or extra:
        said = [f"missing: {', '.join(map(repr, missing[:10]))}"] if missing else []
        said += [f"unknown: {', '.join(map(repr, extra[:10]))}"] if extra else []
        raise ValueError(f"X must have the columns of training: {'; '.join(said)}")
    if given != known:
        place = next(i for i, name in enumerate(known) if given[i] != name)
        raise ValueError(
            f"column {place} must be {known[place]!r} as in training, got {given[place]!r}; the order is "
            f"{', '.join(known[:20])}"
        )
