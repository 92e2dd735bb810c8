"""Data frames of other libraries as NumPy arrays, one for each column: pandas, polars, Arrow and what speaks Arrow's protocols.

A frame is known by the module of its class: none of these libraries is imported unless a frame of it is at hand.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from cmlp.layers import Array

NOT_READ_YET = {"LazyFrame": "collect()", "DaskDataFrame": "compute()", "SparkDataFrame": "toPandas()"}
EXACT = 2**53  # integers below are exact in float64


class Levels(NamedTuple):
    """A column that repeats a few values: pandas' Categorical, Arrow's dictionary.

    Attributes
    ----------
    codes : ndarray (n_samples,) of int
        The index of each value; -1 for a missing one.
    values : list
    """

    codes: Array
    values: list[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self, chosen: Any) -> "Levels":
        return Levels(self.codes[chosen], self.values)

    def unpacked(self) -> Array:
        """The values of all rows, as an array of objects; None where they are missing."""
        values = np.empty(len(self.values) + 1, dtype=object)
        values[:-1] = self.values
        return values[self.codes]


Column = Array | Levels


class Frame(NamedTuple):
    """The labels of the columns, which may be no strings, and the columns; a whole matrix in their place if they are one."""

    labels: list[Any]
    columns: list[Column] | Array


def reader_of(X: Any) -> Callable[[Any], Frame] | None:
    """The function that reads a data frame like X; None if X is none."""
    kind = type(X)
    if getattr(X, "ndim", 2) != 2 or kind.__name__ in ("Series", "ChunkedArray", "Array"):
        return None
    names = {base.__name__ for base in kind.__mro__}
    root = kind.__module__.partition(".")[0]
    if remedy := next((NOT_READ_YET[name] for name in NOT_READ_YET if name in names), None):
        raise TypeError(f"X must hold its rows in memory, got a {kind.__name__} that computes them later: use X.{remedy}")
    if root in READERS and "DataFrame" in names | ARROW.keys() & names:
        return READERS[root]
    if root == "pyarrow" and names & ARROW.keys():
        return read_arrow
    if hasattr(X, "__arrow_c_stream__"):
        return read_stream
    if hasattr(X, "__dataframe__"):
        return read_interchange
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        return read_by_name
    return None


# --- pandas ---------------------------------------------------------------------------------------------------------------
def read_pandas(X: Any) -> Frame:
    labels = X.columns.tolist()
    blocks = set(X.dtypes.tolist()) if len(labels) > 1 else set()
    if len(blocks) == 1 and isinstance(dtype := blocks.pop(), np.dtype) and dtype.kind in "biuf":
        return Frame(labels, X.to_numpy())
    return Frame(labels, [pandas_column(series) for _, series in X.items()])


def pandas_column(series: Any) -> Column:
    """A series, or an array of pandas."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return series.to_numpy()
    values = getattr(series, "array", series)
    if hasattr(dtype, "pyarrow_dtype"):
        return arrow_column(values.__arrow_array__())
    if hasattr(values, "categories") and hasattr(values, "codes"):
        return Levels(np.asarray(values.codes), values.categories.tolist())
    if dtype.name.startswith("period"):
        return np.asarray(values.to_timestamp())
    if dtype.kind == "M":  # with a time zone: the same moments in UTC
        return np.asarray(values, dtype=f"M8[{dtype.unit}]")
    if dtype.name.startswith("Sparse"):
        return np.asarray(values)
    if dtype.kind in "biuf" and hasattr(dtype, "numpy_dtype"):
        return nullable(values, dtype.numpy_dtype)
    return np.asarray(series.to_numpy(dtype=object))


def nullable(values: Any, dtype: np.dtype) -> Array:
    """A column of pandas with a mask: as it is, else as float64 with NaN where that is exact, else as objects."""
    if not values.isna().any():
        return values.to_numpy(dtype=dtype)
    if dtype.kind in "iu":
        present = values[~values.isna()].to_numpy(dtype=dtype)
        if len(present) and max(int(present.max()), -int(present.min())) > EXACT:
            return values.to_numpy(dtype=object, na_value=None)
    return values.to_numpy(dtype=object if dtype.kind == "b" else np.float64, na_value=None if dtype.kind == "b" else np.nan)


def sparse_frame(X: Any) -> Any:
    """The sparse matrix that a frame of pandas is, whose columns are all sparse; anything else as it is."""
    if type(X).__module__.partition(".")[0] != "pandas" or not hasattr(X, "dtypes"):
        return X
    dtypes = X.dtypes.tolist() if X.ndim == 2 else []
    return X.sparse.to_coo().tocsr() if dtypes and all(hasattr(dtype, "fill_value") for dtype in dtypes) else X


# --- polars ---------------------------------------------------------------------------------------------------------------
def read_polars(X: Any) -> Frame:
    return Frame(list(X.columns), [polars_column(series) for series in X.get_columns()])


def polars_column(series: Any) -> Column:
    kind = str(series.dtype).partition("(")[0]
    if not kind.startswith(("Int", "UInt", "Float", "Bool", "Date", "Duration")):
        return objects(series.to_list())
    if series.null_count() and kind.startswith(("Int", "UInt")) and max(abs(series.max() or 0), abs(series.min() or 0)) > EXACT:
        return objects(series.to_list())
    return np.asarray(series.to_numpy())


# --- Arrow ----------------------------------------------------------------------------------------------------------------
def read_arrow(X: Any) -> Frame:
    return Frame(list(X.schema.names), [arrow_column(column) for column in X.columns])


def arrow_column(column: Any) -> Column:
    if hasattr(column, "combine_chunks"):
        column = column.unify_dictionaries().combine_chunks() if hasattr(column, "unify_dictionaries") else column
        column = column.chunk(0) if getattr(column, "num_chunks", None) == 1 else column
    kind = str(column.type)
    if kind.startswith("dictionary"):
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Levels(codes.astype(np.intp), column.dictionary.to_pylist())
    if kind.startswith(("string", "large_string", "decimal", "time32", "time64", "null", "list", "struct", "map", "binary")):
        return objects(column.to_pylist())
    if column.null_count and kind.startswith(("int", "uint")):
        values = column.drop_null().to_numpy(zero_copy_only=False)
        if len(values) and max(int(values.max()), -int(values.min())) > EXACT:
            return objects(column.to_pylist())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def read_stream(X: Any) -> Frame:
    """Whatever offers the Arrow C stream interface: DuckDB, ibis, cuDF, ..."""
    return read_arrow(pyarrow_for(X).table(X))


def read_interchange(X: Any) -> Frame:
    """Whatever offers the dataframe interchange protocol."""
    pyarrow_for(X)
    from pyarrow import interchange

    return read_arrow(interchange.from_dataframe(X))


def pyarrow_for(X: Any) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ImportError(f"a {type(X).__name__} is read through pyarrow: pip install cmlp[arrow]") from None
    return pyarrow


# --- one column -----------------------------------------------------------------------------------------------------------
def column_of(values: Any) -> Column:
    """A vector of any library: an array as it is; a list as an array of objects, so that values keep their kinds."""
    if isinstance(values, (np.ndarray, Levels)):
        return values
    read = COLUMNS.get(type(values).__module__.partition(".")[0])
    if read is not None and hasattr(values, "dtype" if read is not arrow_column else "type"):
        return read(values)
    return np.asarray(values) if hasattr(values, "__array__") else objects(values)


# --- anything else with columns --------------------------------------------------------------------------------------------
def read_by_name(X: Any) -> Frame:
    labels = list(X.columns)
    return Frame(labels, [np.asarray(X[label]) for label in labels])


def objects(values: Iterable[Any]) -> Array:
    """A vector of objects, whatever they are."""
    each = list(values)
    made = np.empty(len(each), dtype=object)
    made[:] = each
    return made


ARROW = dict.fromkeys(("Table", "RecordBatch"), read_arrow)
COLUMNS = {"pandas": pandas_column, "modin": pandas_column, "polars": polars_column, "pyarrow": arrow_column}
READERS: dict[str, Callable[[Any], Frame]] = {"pandas": read_pandas, "modin": read_pandas, "polars": read_polars}
