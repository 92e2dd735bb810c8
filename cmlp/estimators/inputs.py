"""From the X and y that a user gives to what the network takes: checked, and the columns prepared."""

import warnings
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from cmlp import validation
from cmlp.data import Columns, Table
from cmlp.data.frames import sparse_frame
from cmlp.estimators.fitted import Fitted
from cmlp.layers import Array

AT_ONCE = 1 << 16  # numbers that are looked through here; more are worth scikit-learn's own checks
AS_THEY_ARE: dict[str, Any] = {"accept_sparse": ["csr"], "dtype": "numeric"}  # the core converts them batch by batch
NEED_DENSE = ("input_noise", "input_dropout")


class Part(NamedTuple):
    """Samples, checked: X as a table, or as an array that the network takes as it is; y as the estimator takes it."""

    X: Any
    y: Any
    weight: Any

    def rows(self, chosen: Any) -> "Part":
        X = self.X.rows(chosen) if isinstance(self.X, Table) else _safe_indexing(self.X, chosen)
        return Part(X, self.y[chosen], None if self.weight is None else self.weight[chosen])


class Inputs(Fitted):
    """The part of an estimator that takes samples."""

    scale: str | None
    impute: bool | str
    categorical_features: str | Sequence[Hashable] | Array | None
    max_categories: int | None
    min_frequency: float | None
    dates: bool
    extra_columns: str | list[str]
    network: Any

    def _checked_y(self, y: Any) -> Any:
        """y as an array that scikit-learn accepts."""
        raise NotImplementedError

    def _tasks(self) -> tuple[str, ...]:
        """What y may mean."""
        raise NotImplementedError

    def _weights(self, part: Part) -> Any:
        """How much each sample counts; None for all the same."""
        return part.weight

    # --- for fitting ------------------------------------------------------------------------------------------
    def _check_part(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Part:
        X = sparse_frame(X)
        if np.ma.is_masked(y):
            validation.as_array(y, "y")
        if self._prepares() or Table.like(X):
            if y is None:
                raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
            X = self._check_table(X, reset)
            y = self._checked_y(y)
            validation.check_length(y, X.n_rows, "y")
        else:
            numeric = "classification" not in self._tasks()
            X, y = validate_data(self, X, y, multi_output=True, y_numeric=numeric, reset=reset, **AS_THEY_ARE)
            y = self._checked_y(y)
        return Part(X, y, None if sample_weight is None else _check_sample_weight(sample_weight, y))

    def _fit_columns(self, part: Part) -> None:
        """Find out what is to happen to the columns."""
        self.columns_ = None
        if isinstance(part.X, Table):
            self.columns_ = Columns.fit(
                part.X,
                scale=self.scale,
                impute=self.impute,
                categorical_features=self.categorical_features,
                max_categories=self.max_categories,
                min_frequency=self.min_frequency,
                dates=self.dates,
                sample_weight=self._weights(part),
                extra_columns=self.extra_columns,
                sparse=False if any((self.network or {}).get(name) for name in NEED_DENSE) else None,
            )

    # --- for predicting ---------------------------------------------------------------------------------------
    def _check_X(self, X: Any, as_table: bool) -> Any:
        if as_table:
            return self._check_table(X, False)
        return validate_data(self, sparse_frame(X), reset=False, **AS_THEY_ARE)

    def _check_table(self, X: Any, reset: bool) -> Table:
        """X as a table; the number and the names of its columns are kept, or compared."""
        table = Table.read(X)
        table.check_not_empty()
        if any(isinstance(label, str) for label in table.labels) and table.names is None:
            kinds = sorted({type(label).__name__ for label in table.labels})
            raise TypeError(
                f"Feature names are only supported if all input features have string names, but your input has {kinds} as "
                "feature name / column name types: use X.columns = X.columns.astype(str)"
            )
        if reset:
            self.n_features_in_ = table.n_columns
            self.__dict__.pop("feature_names_in_", None)
            if table.names is not None:
                self.feature_names_in_ = np.array(table.names, dtype=object)
            return table
        known, name = hasattr(self, "feature_names_in_"), type(self).__name__
        if known and table.names is None:
            warnings.warn(f"X does not have valid feature names, but {name} was fitted with feature names", stacklevel=5)
        elif not known and table.names is not None:
            warnings.warn(f"X has feature names, but {name} was fitted without feature names", stacklevel=5)
        if table.n_columns != self.n_features_in_ and not (known and table.names):
            raise ValueError(
                f"X has {table.n_columns} features, but {name} is expecting {self.n_features_in_} features as input"
            )
        return table

    def _transformed(self, X: Any) -> Any:
        """X as the network sees it."""
        return X if self.columns_ is None else self.columns_.transform(X, self.network_.dtype)

    def _inputs(self, X: Any) -> Any:
        """X of a prediction as the network sees it; arrays that can be used as they are pass quickly."""
        check_is_fitted(self, "network_")
        if self.columns_ is None and self._usable(X):
            return X
        return self._transformed(self._check_X(X, self.columns_ is not None))

    def _usable(self, X: Any) -> bool:
        """Whether X is a small array of the right width, all finite."""
        if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.kind not in "fiu" or not 0 < X.size <= AT_ONCE:
            return False
        return X.shape[1] == self.n_features_in_ and bool(np.isfinite(X).all())
