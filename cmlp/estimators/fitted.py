"""What a fitted estimator shows: scikit-learn's attributes, a model for other programs, pickles."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from cmlp import version
from cmlp.data import Columns
from cmlp.estimators import settings
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.network import Network
from cmlp.training.history import History


class Fitted(BaseEstimator):
    """The part of an estimator that is there after `fit`."""

    saved_as: ClassVar[str]  # the name under which files know the class

    network_: Network
    columns_: Columns | None
    n_features_in_: int
    scale: Any
    impute: Any
    categorical_features: Any
    _predictor: Network

    @property
    def coefs_(self) -> list[Array]:
        """W of every layer, (fan_in, fan_out): views."""
        check_is_fitted(self, "network_")
        return [layer.W for layer in self._predictor.layers]

    @property
    def intercepts_(self) -> list[Array]:
        """b of every layer; zeros where a layer has none."""
        check_is_fitted(self, "network_")
        return [np.zeros(layer.fan_out) if layer.b is None else layer.b for layer in self._predictor.layers]

    @property
    def history_(self) -> History:
        """Of the last call of fit."""
        check_is_fitted(self, "network_")
        assert self.network_.history is not None
        return self.network_.history

    @property
    def n_layers_(self) -> int:
        """Layers, the inputs counted as one."""
        return len(self.network_.sizes)

    @property
    def n_outputs_(self) -> int:
        return self.network_.sizes[-1]

    @property
    def out_activation_(self) -> str:
        return settings.output_name(self.network_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        prepares = self.scale is not None or self.categorical_features is not None or bool(self.impute)
        tags.input_tags.sparse = not prepares
        tags.input_tags.allow_nan = bool(self.impute)
        tags.input_tags.string = tags.input_tags.categorical = self.categorical_features is not None
        return tags

    # --- elsewhere ----------------------------------------------------------------------------------------------
    def to_model(self) -> Model:
        """A `cmlp.Model` of what was fitted: it predicts the same and needs no scikit-learn."""
        check_is_fitted(self, "network_")
        return Model(self._predictor, self.columns_, **self._target())

    def _target(self) -> dict[str, Any]:
        """Labels, or the units of the target, as `Model` names them."""
        raise NotImplementedError

    def _restore(self, model: Model, classes: Array | None, multilabel: bool) -> None:
        """Be as a saved estimator was, whose network and columns are the model's."""
        network, columns = model.network, model.columns
        if model.n_inputs != self.n_features_in_:
            raise ValueError(f"its {self.n_features_in_} features are not the columns")
        self.network_ = network
        self._predictor = network if network.ema is None else network.ema_network()
        if columns is not None and columns.names:
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        self.columns_ = columns

    def __getstate__(self) -> dict[str, Any]:
        return dict(super().__getstate__()) | {"_cmlp_version": version.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        version.check_pickle(type(self).__name__, state.pop("_cmlp_version", None))
        super().__setstate__(state)
