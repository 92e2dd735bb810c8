"""Preprocessing of tables: what each column is and what it becomes, decided once and applied to any table that comes later."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import DTypeLike

from cmlp import validation
from cmlp.data import description, fitting, scaling
from cmlp.data.categories import Categories
from cmlp.data.frames import Levels
from cmlp.data.kinds import (
    BOOLEAN,
    CALENDAR,
    CATEGORICAL,
    DATE,
    DURATION,
    IGNORED,
    KINDS,
    ColumnError,
    calendar_part,
    numbers_of,
)
from cmlp.data.one_hot import encode
from cmlp.data.tables import Table, as_column
from cmlp.layers import Array

BLOCK = 1 << 18  # numbers that are prepared at a time


class Feature(NamedTuple):
    """A number that a column becomes: its value, or a part of a date."""

    place: int
    part: str = ""


@dataclass(frozen=True, eq=False)
class Columns:
    """Preprocessing of the columns of a table: imputation, scaling, one-hot encoding. `fit` finds it out.

    The result has the numeric features first (a column each; of a date, with calendar, its days, year, month, day of the week
    and hour), then the missing indicators, then the one-hot columns of the categories.

    Attributes
    ----------
    kinds : list of str
        Of each column: "numeric", "boolean", "date", "duration", "categorical", or "ignored".
    names : list of str or None
    calendar : bool
        Whether dates become calendar features too.
    fill : ndarray (n_features,) or None
        Replaces missing values; NaN: the feature is dropped; inf, or None for all: missing values are refused.
    indicated : list of int
        The features with a missing indicator, which is 1 where the value was missing.
    center, scale : ndarray (n_numbers,) or None
        ``(x - center) / scale`` of the features that are kept, and of the indicators.
    quantiles : ndarray (n_quantiles, n_ranked) or None
        Quantile transformation instead: the standard normal quantile of the rank of a value among these.
    ranked : list of int
        The numbers that it transforms: not booleans and indicators, which stay 0 and 1.
    categories : list of Categories
        Of each categorical column.
    extra_columns : {"raise", "ignore"} or list of str
        What happens to columns that training did not have; those with these names are ignored.
    sparse : bool
        Whether `transform` returns a sparse matrix.

    Examples
    --------
    >>> import cmlp
    >>> table = {"size": [50.0, None, 70.0], "town": ["Bern", "Basel", "Bern"]}
    >>> columns = cmlp.data.Columns.fit(table, impute=True, categorical_features="from_dtype")
    >>> columns.transform([{"town": "Bern", "size": 65}, {"town": "Rome", "size": None}])
    array([[65.,  0.,  0.,  1.],
           [60.,  1.,  0.,  0.]])
    >>> print(columns)
    column  kind         missing cells           becomes
    size    numeric      filled with 60, marked  2 numbers
    town    categorical  as unseen               2 columns: Basel, Bern
    """

    kinds: list[str]
    names: list[str] | None = None
    calendar: bool = False
    fill: Array | None = None
    indicated: list[int] = field(default_factory=list)
    center: Array | None = None
    scale: Array | None = None
    quantiles: Array | None = None
    ranked: list[int] = field(default_factory=list)
    categories: list[Categories] = field(default_factory=list)
    extra_columns: str | list[str] = "raise"
    sparse: bool = False

    def __post_init__(self) -> None:
        if self.names is not None:
            names = list(self.names)
            if not all(isinstance(name, str) for name in names) or len(names) != self.n_columns:
                raise ValueError(f"names must be {self.n_columns} strings, got {names[:10]}")
            object.__setattr__(self, "names", names)
        if isinstance(self.extra_columns, str) or not all(isinstance(name, str) for name in self.extra_columns):
            validation.check_name("extra_columns", self.extra_columns, ("raise", "ignore"))
        for kind in self.kinds:
            validation.check_name("kinds", kind, KINDS)
        if len(self.categories) != len(self.categorical):
            raise ValueError(f"there must be categories for {len(self.categorical)} columns, got {len(self.categories)}")

    @classmethod
    def fit(
        cls,
        X: Any,
        *,
        scale: str | None = None,
        impute: bool | str = False,
        categorical_features: str | Sequence[Hashable] | Array | None = None,
        max_categories: int | None = None,
        min_frequency: float | None = None,
        dates: bool = False,
        sample_weight: Any = None,
        extra_columns: str | list[str] = "raise",
        sparse: bool | None = None,
    ) -> "Columns":
        """Find out what the columns of a table are, and what they become.

        Parameters
        ----------
        X : array_like (n_samples, n_columns), data frame, dict of columns, list of dicts, or Table
        scale : {"standard", "robust", "quantile"}, optional
            To mean 0 and standard deviation 1; to median 0 and interquartile range 1; or to a normal distribution by ranks. As
            scikit-learn's StandardScaler, RobustScaler and QuantileTransformer do, without subsampling.
        impute : bool or {"median", "mean"}, default False
            Replace missing numbers, and add an indicator of them to each column that has any; True is "median". Columns
            without any value are dropped. Otherwise missing numbers are refused.
        categorical_features : "from_dtype" or sequence of columns, optional
            Which columns are one-hot encoded: those that hold strings or categories, or the given names, indices or mask.
            Without it, strings are refused.
        max_categories, min_frequency : int, int or float, optional
            Merge rare categories into one, as scikit-learn's OneHotEncoder: the most columns that a column becomes, and the
            samples, or share of them, below which a category is rare.
        dates : bool, default False
            Calendar features of dates: year, month, day of the week, hour.
        sample_weight : array_like (n_samples,), optional
            Weights of the statistics; rows of weight 0 are ignored.
        extra_columns : {"raise", "ignore"} or list of str, default "raise"
            What `transform` does with columns that X does not have; those with these names are ignored.
        sparse : bool, optional
            Whether `transform` returns a sparse matrix. Default: from more than 256 one-hot columns on.

        Returns
        -------
        columns : Columns

        Raises
        ------
        ValueError
            If a column holds infinities, missing numbers without impute, strings without categorical_features, or values whose
            standard deviation is not finite; the message names it.
        TypeError
            If a column holds neither numbers, booleans, dates, durations nor strings.
        """
        return fitting.fit(
            cls,
            Table.read(X),
            fitting.Options(
                scale, impute, categorical_features, max_categories, min_frequency, dates, sample_weight, extra_columns, sparse
            ),
        )

    # --- what it takes and makes ------------------------------------------------------------------------------
    @property
    def n_columns(self) -> int:
        return len(self.kinds)

    @cached_property
    def categorical(self) -> list[int]:
        """The indices of the categorical columns."""
        return [place for place, kind in enumerate(self.kinds) if kind == CATEGORICAL]

    @cached_property
    def features(self) -> list[Feature]:
        """The numbers that the other columns become, before any is dropped."""
        parts = {DATE: ("", *CALENDAR)} if self.calendar else {}
        return [
            Feature(place, part)
            for place, kind in enumerate(self.kinds)
            if kind not in (CATEGORICAL, IGNORED)
            for part in parts.get(kind, ("",))
        ]

    @cached_property
    def kept(self) -> list[int]:
        """The features that are not dropped."""
        filled = range(len(self.features)) if self.fill is None else np.flatnonzero(~np.isnan(self.fill))
        return [int(place) for place in filled]

    @property
    def n_numbers(self) -> int:
        """The number of columns of the result before the one-hot ones."""
        return len(self.kept) + len(self.indicated)

    @property
    def n_inputs(self) -> int:
        """The number of columns of the result."""
        return self.n_numbers + sum(each.width for each in self.categories)

    @property
    def have_text(self) -> bool:
        """Whether any category is a string."""
        return any(each.are_text for each in self.categories)

    @cached_property
    def as_they_are(self) -> bool:
        """Whether all columns are numbers that are passed through unchanged; only names and kinds are checked."""
        prepared = (self.fill, self.center, self.quantiles)
        return not self.categorical and len(self.features) == self.n_columns and all(part is None for part in prepared)

    def name(self, place: int) -> Any:
        """The name of a column, or its index."""
        return self.names[place] if self.names else place

    def names_out(self) -> list[str]:
        """The names of the columns of the result, as scikit-learn's transformers call them."""
        return description.names_out(self)

    def __str__(self) -> str:
        return description.table(self)

    # --- what it does -----------------------------------------------------------------------------------------
    def transform(self, X: Any, dtype: DTypeLike = "float64") -> Any:
        """The preprocessed matrix.

        Parameters
        ----------
        X : array_like (n_samples, n_columns), data frame, dict of columns, list of dicts, or Table
            Columns with names may be in any order and of other dtypes than in training: strings that spell numbers, numbers for
            categories, dates of another resolution.
        dtype : {"float64", "float32"}
            Of the result; computed in float64.

        Returns
        -------
        matrix : ndarray or scipy.sparse.csr_array (n_samples, n_inputs)

        Raises
        ------
        ValueError
            If columns are missing or unknown.
        ColumnError
            A ValueError: if a cell is of another kind than in training, missing without imputation, infinite, or not finite in
            dtype.
        """
        table = self.matched(Table.read(X))
        numbers = np.empty((table.n_rows, self.n_numbers), dtype)
        n_rows = max(1, BLOCK // max(1, self.n_columns))
        for start in range(0, table.n_rows, n_rows) if self.features else ():
            part = table if table.n_rows <= n_rows else table.rows(slice(start, start + n_rows))
            self._cast(self._numbers(part, start), numbers[start : start + n_rows], start)
        return encode(numbers, list(self._codes(table)), self.sparse) if self.categorical else numbers

    def matched(self, table: Table) -> Table:
        """The columns of training, in its order."""
        if self.names is None or table.names is None or table.names == self.names:
            if table.n_columns != self.n_columns:
                raise ValueError(f"X has {table.n_columns} columns, the model was trained on {self.n_columns}")
            return table
        needed = [name for name, kind in zip(self.names, self.kinds) if kind != IGNORED]
        ignored = [] if len(needed) == self.n_columns else [name for name in self.names if name not in set(needed)]
        extra = self.extra_columns if isinstance(self.extra_columns, str) else [*self.extra_columns, *ignored]
        check_names(table.names, needed, ignored if ignored and extra == "raise" else extra)
        places = {name: place for place, name in enumerate(table.names)}
        return table.select([places.get(name, 0) for name in self.names])

    def _numbers(self, table: Table, first: int) -> Array:
        """The features of some rows and their indicators, scaled (n_rows, n_numbers); first: the index of the first row."""
        values = self.values(table)
        if self.fill is not None:
            missing = np.isnan(values)
            if missing.any():
                values = np.where(missing & np.isfinite(self.fill), self.fill, values)
            if len(self.kept) < len(self.features) or self.indicated:
                values = np.hstack([values[:, self.kept], missing[:, self.indicated]])
        self._check_finite(values, first)
        if self.quantiles is not None:
            for number, quantiles in zip(self.ranked, self.quantiles.T):
                values[:, number] = scaling.scores(values[:, number], quantiles)
        return values if self.center is None or self.scale is None else (values - self.center) / self.scale

    def values(self, table: Table) -> Array:
        """The features as float64 (n_rows, n_features), NaN where they are missing."""
        if table.matrix is not None and self.all_plain:
            values = table.matrix if len(self._plain) == self.n_columns else table.matrix[:, self._plain]
            return values.astype(np.float64)
        made = np.empty((table.n_rows, len(self.features)))
        for number, values in enumerate(self.each_feature(table, self.names or range(self.n_columns))):
            made[:, number] = values
        return made

    def each_feature(self, table: Table, labels: Sequence[Any]) -> Iterator[Array]:
        """The features one by one, as float64 (n_rows,), NaN where they are missing; labels: of the columns, for errors."""
        place, whole = -1, np.empty(0)
        for feature in self.features:
            if feature.place != place:
                place = feature.place
                whole = numbers_of(as_column(table.columns[place]), self.kinds[place], labels[place], place)
            yield calendar_part(whole, feature.part) if feature.part else whole

    @cached_property
    def _plain(self) -> list[int]:
        return [feature.place for feature in self.features]

    @cached_property
    def all_plain(self) -> bool:
        """Whether every number is used as it is."""
        return not {self.kinds[place] for place in self._plain} & {DATE, BOOLEAN, DURATION}

    def _codes(self, table: Table) -> Iterator[tuple[Array, int]]:
        """(codes, number of columns) of each categorical column."""
        for place, categories in zip(self.categorical, self.categories):
            column = as_column(table.columns[place])
            try:
                codes = categories.codes(column)
                if categories.handle_unknown == "error" and (codes < 0).any():
                    self._refuse_unseen(place, int((codes < 0).argmax()), column)
                yield codes, categories.width
            except TypeError as error:
                raise ColumnError(self.name(place), place, None, f"must hold strings or numbers: {error}") from None

    def _refuse_unseen(self, place: int, row: int, column: Any) -> NoReturn:
        cell = (column.unpacked() if isinstance(column, Levels) else column)[row]
        raise ColumnError(self.name(place), place, row, f"must hold the categories of training, got {str(cell)[:40]!r}")

    def _cast(self, values: Array, out: Array, first: int) -> None:
        with np.errstate(over="ignore"):
            out[...] = values
        if out.dtype != np.float64 and not np.isfinite(out).all():
            row, number = (int(k) for k in np.argwhere(~np.isfinite(out))[0])
            self._refuse(row, number, first, f"must be finite in {out.dtype}, got {values[row, number]:g}", "scale it")

    def _check_finite(self, values: Array, first: int) -> None:
        if np.isfinite(values).all():
            return
        row, number = (int(k) for k in np.argwhere(~np.isfinite(values))[0])
        value = values[row, number]
        if np.isnan(value):
            self._refuse(row, number, first, "must not be missing, got NaN", fitting.IMPUTE)
        self._refuse(row, number, first, f"must be finite, got {value}")

    def _refuse(self, row: int, number: int, first: int, problem: str, remedy: str = "") -> NoReturn:
        place = self.features[[*self.kept, *self.indicated][number]].place
        raise ColumnError(self.name(place), place, first + row, problem, remedy)


def check_names(given: list[str], known: list[str], extra_columns: str | list[str]) -> None:
    """Raise unless the columns are those of training, in any order."""
    if len(set(known)) < len(known) or len(set(given)) < len(given):
        raise ValueError(f"columns with equal names must be those of training in the same order, got {', '.join(given[:20])}")
    missing = [name for name in known if name not in set(given)]
    ignored = set() if extra_columns == "raise" else set(given if extra_columns == "ignore" else extra_columns)
    extra = [name for name in given if name not in set(known) | ignored]
    if missing or extra:
        problems = [f"missing: {', '.join(map(repr, missing[:10]))}"] if missing else []
        problems += [f"unknown: {', '.join(map(repr, extra[:10]))}"] if extra else []
        raise ValueError(f"X must have the columns of training: {'; '.join(problems)}")
