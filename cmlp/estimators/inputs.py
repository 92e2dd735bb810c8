"""From the X and y that a user gives to what the network takes: checked, and the columns prepared."""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from cmlp import validation
from cmlp.estimators import tables
from cmlp.estimators.fitted import Fitted
from cmlp.layers import Array

AT_ONCE = 1 << 16  # numbers that are looked through here; more are worth scikit-learn's own checks


class Part(NamedTuple):
    """Samples, checked: X as it was given, y as the estimator takes it."""

    X: Any
    y: Any
    weight: Any

    def rows(self, chosen: Any) -> "Part":
        return Part(tables.rows_of(self.X, chosen), self.y[chosen], None if self.weight is None else self.weight[chosen])


class Inputs(Fitted):
    """The part of an estimator that takes samples."""

    scale: str | None
    categorical_features: str | Sequence[Hashable] | Array | None

    def _checked_y(self, y: Any) -> Any:
        """y as an array that scikit-learn accepts."""
        raise NotImplementedError

    def _fit_columns(self, part: Part) -> None:
        """Find out what is to happen to the columns."""
        self.columns_ = None
        if self._prepares():
            names = [str(name) for name in getattr(self, "feature_names_in_", ())] or None
            self.columns_ = tables.fit_columns(part.X, names, self.scale, self.categorical_features, self.impute)

    def _prepares(self) -> bool:
        return self.scale is not None or self.categorical_features is not None or bool(self.impute)

    def _check_part(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Part:
        if self._prepares():
            X = self._check_table(X, reset)
            y = self._checked_y(y)
            validation.check_length(y, tables.n_rows(X), "y")
        else:
            numeric = "classification" not in self._tasks()
            X, y = validate_data(
                self, X, y, accept_sparse=["csr"], multi_output=True, y_numeric=numeric, reset=reset, **tables.KINDS
            )
            y = self._checked_y(y)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, y if self._prepares() else X)
        return Part(X, y, weight)

    def _tasks(self) -> tuple[str, ...]:
        """What y may mean."""
        raise NotImplementedError

    def _check_X(self, X: Any) -> Any:
        if self._prepares():
            return self._check_table(X, False)
        return validate_data(self, X, accept_sparse=["csr"], reset=False, **tables.KINDS)

    def _check_table(self, X: Any, reset: bool) -> Any:
        X = tables.as_table(X)
        tables.check_names(self, X, reset)
        return X

    def _transformed(self, X: Any) -> Any:
        """X as the network sees it."""
        return X if self.columns_ is None else tables.transform(self.columns_, X)

    def _inputs(self, X: Any) -> Any:
        """X of a prediction as the network sees it; arrays that can be used as they are pass quickly."""
        check_is_fitted(self, "network_")
        if not self._prepares() and not hasattr(self, "feature_names_in_") and self._usable(X):
            return X
        return self._transformed(self._check_X(X))

    def _usable(self, X: Any) -> bool:
        """Whether X is a small array of the right width, all finite."""
        if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.kind not in "fiu" or not 0 < X.size <= AT_ONCE:
            return False
        return X.shape[1] == self.n_features_in_ and bool(np.isfinite(X).all())
