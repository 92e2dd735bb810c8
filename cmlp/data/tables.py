"""Tables of any kind as columns: arrays, lists, dicts, records, data frames."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from cmlp.data.frames import Column, Levels, column_of, objects, reader_of
from cmlp.layers import Array


class Table:
    """The columns of a table, each of its own dtype.

    Parameters
    ----------
    columns : sequence of array_like (n_samples,), or ndarray (n_samples, n_columns)
        A column of strings or mixed values has dtype object or str.
    names : sequence, optional
        Of the columns.

    Attributes
    ----------
    labels : list
        Names, or indices where there are none.
    names : list of str or None
        The labels, if all are strings.
    matrix : ndarray (n_samples, n_columns) or None
        All columns as one array of numbers, where they came so.

    Raises
    ------
    ValueError
        If columns have different lengths.

    Examples
    --------
    >>> import cmlp
    >>> table = cmlp.data.Table.read([{"age": 31, "town": "Bern"}, {"age": None, "town": "Basel"}])
    >>> table.names, table.n_rows
    (['age', 'town'], 2)
    """

    def __init__(self, columns: Sequence[Any] | Array, names: Sequence[Hashable] | None = None) -> None:
        self.matrix = columns if isinstance(columns, np.ndarray) and columns.ndim == 2 else None
        self._columns: list[Column] = [] if self.matrix is not None else [as_column(column) for column in columns]
        n_columns = len(self._columns) if self.matrix is None else self.matrix.shape[1]
        self.labels: list[Any] = list(range(n_columns)) if names is None else list(names)
        if len(self.labels) != n_columns:
            raise ValueError(f"names must be {n_columns} strings, one for each column, got {len(self.labels)}")
        self.names = self.labels if self.labels and all(isinstance(label, str) for label in self.labels) else None
        self.n_rows = len(self.matrix) if self.matrix is not None else len(self._columns[0]) if self._columns else 0
        for label, column in zip(self.labels, self._columns):
            if len(column) != self.n_rows:
                raise ValueError(
                    f"the columns of X must have the same length, got {len(column)} values of {label!r} and {self.n_rows} "
                    f"of {self.labels[0]!r}"
                )

    @staticmethod
    def like(X: Any) -> bool:
        """Whether X has columns of their own kinds: a frame, a dict, records, a table, or an array that is no plain numbers."""
        if isinstance(X, np.ndarray):
            return X.ndim < 3 and (X.dtype.names is not None or X.dtype.kind in "OMm" or np.ma.is_masked(X))
        if isinstance(X, (list, tuple)):
            return bool(len(X)) and isinstance(X[0], Mapping)
        return isinstance(X, (Table, Mapping)) or (not hasattr(X, "tocsr") and reader_of(X) is not None)

    @classmethod
    def read(cls, X: Any) -> "Table":
        """The columns of X.

        Parameters
        ----------
        X : Table, array_like (n_samples, n_columns), dict of columns, list of dicts, or data frame
            NumPy arrays of any dtype, masked and structured ones too; pandas, polars, Arrow, and what has the Arrow C stream
            interface or the dataframe interchange protocol.

        Raises
        ------
        ValueError
            If X is no table: of another number of dimensions, or rows of different lengths.
        TypeError
            If X is sparse, or a frame that is computed later.
        """
        if isinstance(X, Table):
            return X
        if isinstance(X, np.ndarray):
            return cls._of_array(X)
        if hasattr(X, "tocsr"):
            raise TypeError("X must be dense to be prepared by columns: use X.toarray(), or scale a sparse X with MaxAbsScaler")
        if isinstance(X, Mapping):
            return cls._of_dict(X)
        read = reader_of(X)
        if read is not None:
            frame = read(X)
            return cls(frame.columns, frame.labels)
        if isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], Mapping):
            return cls._of_records(X)
        return cls._of_array(as_matrix(X))

    @classmethod
    def _of_array(cls, X: Array) -> "Table":
        if X.dtype.names is not None and X.ndim == 1:
            return cls([X[name] for name in X.dtype.names], X.dtype.names)
        if X.ndim != 2:
            hint = "Reshape your data either using X.reshape(-1, 1) for one column or X.reshape(1, -1) for one sample"
            got = f"got {X.ndim}. {hint}" if X.ndim < 2 else f"got {X.ndim}"
            raise ValueError(f"X must have 2 dimensions (n_samples, n_columns), {got}")
        if isinstance(X, np.matrix):
            raise TypeError("np.matrix is not supported: use np.asarray(X)")
        if X.dtype.kind not in "biuf" or isinstance(X, np.ma.MaskedArray):
            return cls([X[:, i] for i in range(X.shape[1])])
        return cls(X)

    @classmethod
    def _of_dict(cls, X: Mapping[Any, Any]) -> "Table":
        alone = next((name for name, column in X.items() if isinstance(column, str) or not hasattr(column, "__len__")), None)
        if alone is not None:
            raise ValueError(f"X[{alone!r}] must be a list of values, got {X[alone]!r}: one sample is a list of one dict, [X]")
        return cls([as_column(column) for column in X.values()], list(X))

    @classmethod
    def _of_records(cls, X: Sequence[Mapping[Any, Any]]) -> "Table":
        names = list(dict.fromkeys(name for row in X for name in row))
        return cls([objects(row.get(name) for row in X) for name in names], names)

    @property
    def n_columns(self) -> int:
        return len(self.labels)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, each an array or `Levels`."""
        return self._columns if self.matrix is None else list(self.matrix.T)

    def check_not_empty(self) -> None:
        """Raise a ValueError if there are no rows or no columns."""
        for what, n in (("feature", self.n_columns), ("sample", self.n_rows)):
            if not n:
                raise ValueError(f"X must not be empty: 0 {what}(s) (shape={self.shape}) while a minimum of 1 is required.")

    def __len__(self) -> int:
        return self.n_rows

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_rows, self.n_columns

    def rows(self, chosen: Any) -> "Table":
        """A table of some rows: by indices, a mask, or a slice."""
        if self.matrix is not None:
            return Table(self.matrix[chosen], self.labels)
        return Table([rows_of(column, chosen) for column in self._columns], self.labels)

    __getitem__ = rows

    def select(self, places: Sequence[int]) -> "Table":
        """A table of some columns, in the order of their indices."""
        labels = [self.labels[place] for place in places]
        if self.matrix is not None:
            return Table(self.matrix[:, places], labels)
        return Table([self._columns[place] for place in places], labels)

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.labels[:10]))
        return f"<Table of {self.n_rows:,} rows: {names}{', ...' if len(self.labels) > 10 else ''}>"


def as_column(column: Any) -> Column:
    """A vector of any library, None where it is masked."""
    made = column_of(column)
    if isinstance(made, Levels):
        return made
    if made.ndim != 1:
        raise ValueError(f"each column of X must be a vector, got the shape {made.shape}")
    return filled(made) if isinstance(made, np.ma.MaskedArray) else made


def filled(column: Any) -> Array:
    """A masked array as objects, with None where it is masked."""
    values = np.asarray(column.data)
    if np.ma.is_masked(column):
        values = values.astype(object)
        values[np.ma.getmaskarray(column)] = None
    return values


def rows_of(column: Column, chosen: Any) -> Column:
    return column.rows(chosen) if isinstance(column, Levels) else column[chosen]


def as_matrix(X: Any) -> Array:
    """Rows given as lists: an array of numbers if all are, else of objects."""
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise ValueError(f"the rows of X must have the same length: {error}") from None
    if array.dtype.kind in "US" and not hasattr(X, "dtype"):
        array = np.array(X, dtype=object)
    return array
