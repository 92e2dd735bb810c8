"""Finding out what the columns of a table are, and the statistics of their preprocessing."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.data import scaling
from cmlp.data.categories import Categories, check_limits
from cmlp.data.frames import Levels, objects
from cmlp.data.kinds import BOOLEAN, CATEGORICAL, ColumnError, check_real, kind_of
from cmlp.data.tables import Table, as_column
from cmlp.layers import Array

SCALES = ("standard", "robust", "quantile")
IMPUTATIONS = ("median", "mean")
MOST_DENSE = 256  # one-hot columns up to which a dense matrix is faster than a sparse one


IMPUTE = "impute=True, of the estimators and of cmlp.data.Columns.fit, fills missing numbers"
ENCODE = (
    "categorical_features='from_dtype', of the estimators and of cmlp.data.Columns.fit, one-hot encodes the columns of strings "
    "and categories"
)


@dataclass(frozen=True, eq=False)
class Options:
    """The arguments of `Columns.fit`."""

    scale: str | None
    impute: bool | str
    categorical_features: Any
    max_categories: int | None
    min_frequency: float | None
    dates: bool
    sample_weight: Any
    extra_columns: str | list[str]
    sparse: bool | None

    def __post_init__(self) -> None:
        if self.scale is not None:
            validation.check_name("scale", self.scale, SCALES)
        if not isinstance(self.impute, (bool, np.bool_)):
            validation.check_name("impute", self.impute, IMPUTATIONS)
        validation.check_flag("dates", self.dates)
        check_limits(self.max_categories, self.min_frequency)


def fit(kind: Any, table: Table, options: Options) -> Any:
    """The columns (of class kind) of a table."""
    table.check_not_empty()
    table, weight = weighted(table, options.sample_weight)
    kinds = kinds_of(table, options.categorical_features)
    made = kind(kinds, table.names, bool(options.dates), categories=categories_of(table, kinds, options))
    parts = statistics(made, table, weight, options)
    n_one_hot = made.n_inputs - made.n_numbers
    sparse = n_one_hot > MOST_DENSE if options.sparse is None else options.sparse
    return kind(
        kinds,
        table.names,
        made.calendar,
        categories=made.categories,
        extra_columns=options.extra_columns,
        sparse=sparse and bool(n_one_hot),
        **parts,
    )


def weighted(table: Table, sample_weight: Any) -> tuple[Table, Array | None]:
    """The rows whose weight is not 0, and their weights; None if all are equal."""
    weight = validation.check_sample_weight(sample_weight, table.n_rows)
    if weight is None:
        return table, None
    rows, weight = scaling.of_weight(weight)
    return table if isinstance(rows, slice) else table.rows(rows), weight


# --- kinds ------------------------------------------------------------------------------------------------------------------
def kinds_of(table: Table, categorical_features: Any) -> list[str]:
    """The kind of each column."""
    from_dtype = isinstance(categorical_features, str)
    if from_dtype and categorical_features != "from_dtype":
        raise ValueError(f"categorical_features must be 'from_dtype' or a list of columns, got {categorical_features!r}")
    chosen = set() if from_dtype else chosen_columns(table, categorical_features)
    kinds = []
    for place, label in enumerate(table.labels):
        column = as_column(table.columns[place])
        check_real(column, label)
        kind = CATEGORICAL if place in chosen else kind_of(column, label)
        if kind == CATEGORICAL and place not in chosen and not from_dtype:
            kind = kind_of(objects(column.values), label) if isinstance(column, Levels) else kind
            if kind == CATEGORICAL:
                problem = f"must hold numbers, got strings such as {first_of(column)}"
                raise ColumnError(label, place, None, problem, ENCODE)
        kinds.append(kind)
    return kinds


def first_of(column: Any) -> str:
    """The first string of a column."""
    values = column.values if isinstance(column, Levels) else column.tolist()
    return next(repr(value)[:40] for value in values if isinstance(value, (str, bytes)))


def chosen_columns(table: Table, given: Any) -> set[int]:
    """The indices of the columns that are named, by label, index or mask."""
    if given is None:
        return set()
    each = list(given)
    if each and all(isinstance(item, (bool, np.bool_)) for item in each):
        if len(each) != table.n_columns:
            raise ValueError(f"categorical_features must be a mask of {table.n_columns} columns, got one of {len(each)}")
        return {int(place) for place in np.flatnonzero(each)}
    places = {label: place for place, label in enumerate(table.labels)}
    chosen = set()
    for item in each:
        is_index = isinstance(item, (int, np.integer)) and -table.n_columns <= item < table.n_columns
        if item not in places and not is_index:
            raise ValueError(f"categorical_features names {item!r}, which is not a column; there are {table.labels[:10]}")
        chosen.add(places[item] if item in places else int(item) % table.n_columns)
    return chosen


def categories_of(table: Table, kinds: list[str], options: Options) -> list[Categories]:
    """The categories of the categorical columns."""
    made = []
    for place, kind in enumerate(kinds):
        if kind == CATEGORICAL:
            try:
                made.append(Categories.fit(as_column(table.columns[place]), options.max_categories, options.min_frequency))
            except TypeError as error:
                raise ColumnError(table.labels[place], place, None, f"must hold strings or numbers: {error}") from None
    return made


# --- statistics -------------------------------------------------------------------------------------------------------------
def statistics(columns: Any, table: Table, weight: Array | None, options: Options) -> dict[str, Any]:
    """What `Columns` holds of the numeric features: feature by feature, so that no second table is needed."""
    fill, indicated, scales, ranks, ranked = [], [], [], [], []
    indicators: list[Array] = []
    for number, (feature, values) in enumerate(zip(columns.features, columns.each_feature(table, table.labels))):
        label, kind = table.labels[feature.place], columns.kinds[feature.place]
        missing = np.isnan(values)
        check_values(values, missing, label, feature.place, bool(options.impute))
        fill.append(middle(values[~missing], None if weight is None else weight[~missing], options.impute))
        if np.isnan(fill[-1]):
            continue
        if missing.any():
            values = np.where(missing, fill[-1], values)
            if not feature.part:
                indicated.append(number)
                indicators.append(missing.astype(np.float64))
        binary = kind == BOOLEAN
        try:
            scales.append(scale_of(values, weight, options.scale, binary))
        except FloatingPointError:
            problem = "must have a finite standard deviation that does not underflow"
            raise ColumnError(label, feature.place, None, problem, "rescale the column") from None
        if options.scale == "quantile" and not binary:
            ranked.append(len(scales) - 1)
            ranks.append(scaling.ranks(values, weight))
    scales += [scale_of(each, weight, options.scale, True) for each in indicators]
    parts: dict[str, Any] = {"indicated": indicated}
    if options.impute and fill:
        parts["fill"] = np.array(fill)
    if options.scale in ("standard", "robust") and scales:
        parts |= {"center": np.array([each.center for each in scales]), "scale": np.array([each.width for each in scales])}
    elif ranks:
        parts |= {"quantiles": np.column_stack(ranks), "ranked": ranked}
    return parts


def check_values(values: Array, missing: Array, label: Any, place: int, impute: bool) -> None:
    """Raise at the first cell that is infinite or, unless it is filled, missing."""
    if missing.any() and not impute:
        raise ColumnError(label, place, int(missing.argmax()), "must not be missing, got NaN", IMPUTE)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise ColumnError(label, place, row, f"must be finite, got {values[row]}")


def middle(present: Array, weight: Array | None, impute: bool | str) -> float:
    """What replaces missing values; NaN if there are no others."""
    if not len(present):
        return np.nan
    return scaling.mean(present, weight) if impute == "mean" else float(scaling.quantile(present, 0.5, weight))


def scale_of(values: Array, weight: Array | None, scale: str | None, binary: bool) -> scaling.Scale:
    if scale == "standard":
        return scaling.standard(values, weight)
    if scale == "robust" and not binary:
        return scaling.robust(values, weight)
    return scaling.Scale(0.0, 1.0)
