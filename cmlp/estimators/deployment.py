"""Fitted estimators outside of scikit-learn: as models, and as they come back from files."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cmlp.columns import Columns
from cmlp.estimators.columns import columns_of, transformers_of
from cmlp.model import Model


class Deployable:
    """The part of an estimator that a server needs."""

    network_: Any
    preprocessor_: Any
    n_features_in_: int
    _predictor: Any
    _prepares: Any

    def to_model(self) -> Model:
        """A `cmlp.Model` of what was fitted: it predicts the same and needs no scikit-learn."""
        check_is_fitted(self, "network_")
        return Model(self._predictor, self._columns(), **self._behind())

    def _columns(self) -> Columns | None:
        """What happens to the columns; only their names, or nothing, if they are used as they are."""
        n_columns, names = self.n_features_in_, [str(name) for name in getattr(self, "feature_names_in_", ())] or None
        if self._prepares:
            return columns_of(self.preprocessor_, n_columns, names)
        return None if names is None else Columns(n_columns, names, list(range(n_columns)))

    def _behind(self) -> dict[str, Any]:
        """What stands behind the network, as `Model` names it."""
        raise NotImplementedError

    def restore(self, model: Model, classes, multilabel: bool) -> None:
        """Be as a saved estimator was, whose network and columns are the model's."""
        network, columns = model.network, model.columns
        if model.n_inputs != self.n_features_in_ or (self._prepares and columns is None):
            raise ValueError(f"its {self.n_features_in_} features are not the columns")
        self.network_ = network
        self._predictor = network if network.mean is None else network.averaged()
        if columns is not None and columns.names:
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        if columns is not None and self._prepares:
            self.preprocessor_ = transformers_of(columns)
