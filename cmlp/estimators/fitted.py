"""What a fitted estimator shows: scikit-learn's attributes, a model for other programs, pickles."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import metaestimators
from sklearn.utils.validation import check_is_fitted

from cmlp import version
from cmlp.data import Columns
from cmlp.estimators import assignment, settings
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.network import Network
from cmlp.training.history import History
from cmlp.validation import answer_misnamed

Method = TypeVar("Method", bound=Callable[..., Any])

# Parameters that say what is fitted; the others say how. What is fitted keeps these until the next fit.
STRUCTURE = (
    *("hidden_layer_sizes", "activation", "loss", "dropout", "norm", "dtype", "network"),
    *("scale", "impute", "categorical_features", "max_categories", "min_frequency", "dates", "extra_columns"),
)


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """scikit-learn's decorator of a method that is there only sometimes, which keeps the method's type."""
    return metaestimators.available_if(check)


def twin(estimator: Any) -> Any:
    """Another estimator with the same attributes, which answers for itself, not for its last fit."""
    other = object.__new__(type(estimator))
    other.__dict__.update(estimator.__dict__)
    other.__dict__.pop("_fitted", None)
    return other


class Fitted(BaseEstimator):
    """The part of an estimator that is there after `fit`.

    `_fitted` is a twin as it was at the end of the last fit, which answers everything: it never changes, so neither
    `set_params` nor a fit in another thread reaches a prediction, which takes one reference to it.
    """

    saved_as: ClassVar[str]  # the name under which files know the class

    network_: Network
    columns_: Columns | None
    n_features_in_: int
    scale: Any
    impute: Any
    categorical_features: Any
    n_threads: int | None
    training: Any
    _predictor: Network
    _n_threads: int | None  # of the last fit

    def _last_fit(self) -> Self:
        """What predicts."""
        fitted = self.__dict__.get("_fitted")
        if fitted is None:
            check_is_fitted(self, "network_")
            return self
        return fitted

    def _answer_dtype(self, X: Any) -> Any:
        """That of X, as in scikit-learn: float32 for arrays, and frames that are used as they are, of float32; else float64."""
        if hasattr(X, "dtype"):
            return np.float32 if X.dtype == np.float32 else np.float64
        as_it_is = self.columns_ is not None and self.columns_.as_they_are
        dtypes = list(X.dtypes) if as_it_is and hasattr(X, "dtypes") else [None]
        return np.float32 if all(str(dtype).lower() == "float32" for dtype in dtypes) else np.float64

    def _freeze(self) -> None:
        """From now on this is the last fit."""
        fitted = twin(self)
        for name in self._get_param_names():
            value = fitted.__dict__.get(name)
            if name not in STRUCTURE and hasattr(type(self), name):
                fitted.__dict__.pop(name, None)
            elif isinstance(value, (list, dict)):
                fitted.__dict__[name] = copy.copy(value)
        self._fitted = fitted

    def _kept_params(self, names: Sequence[str]) -> dict[str, Any]:
        """The parameters with which this can be saved: of the last fit, those that say what is fitted."""
        fitted = self._last_fit()
        return {name: getattr(fitted if name in STRUCTURE else self, name) for name in names}

    def _become(self, learner: Any) -> None:
        """Take over what a twin has learned; the parameters stay."""
        learner._freeze()
        own = set(self._get_param_names())
        learned = {name: value for name, value in learner.__dict__.items() if name not in own}
        for name in self.__dict__.keys() - own - learned.keys():
            del self.__dict__[name]
        self.__dict__.update(learned)

    @property
    def coefs_(self) -> list[Array]:
        """W of every layer, (fan_in, fan_out): views. A list of arrays that is assigned is copied into the network."""
        check_is_fitted(self, "network_")
        return [layer.W for layer in self._predictor.layers]

    @coefs_.setter
    def coefs_(self, given: Any) -> None:
        assignment.assign(self, "coefs_", "W", given)

    @property
    def intercepts_(self) -> list[Array]:
        """b of every layer; zeros where a layer has none. A list of arrays that is assigned is copied into the network."""
        check_is_fitted(self, "network_")
        return [np.zeros(layer.fan_out) if layer.b is None else layer.b for layer in self._predictor.layers]

    @intercepts_.setter
    def intercepts_(self, given: Any) -> None:
        assignment.assign(self, "intercepts_", "b", given)

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

    def _threads(self) -> int | None:
        """The n_threads that the next fit is given."""
        given = self.training if isinstance(self.training, Mapping) else {}
        return given.get("n_threads", self.n_threads)

    def _prepares(self) -> bool:
        """Whether columns are scaled, encoded or imputed."""
        return self.scale is not None or self.categorical_features is not None or bool(self.impute)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags, fitted = super().__sklearn_tags__(), self.__dict__.get("_fitted", self)
        tags.input_tags.sparse = not fitted._prepares()
        tags.input_tags.allow_nan = bool(fitted.impute)
        tags.input_tags.string = fitted.categorical_features is not None
        return tags

    # --- elsewhere ----------------------------------------------------------------------------------------------
    @answer_misnamed
    def to_model(self) -> Model:
        """A `cmlp.Model` of what was fitted: it predicts the same, in the network's dtype, and needs no scikit-learn."""
        fitted = self._last_fit()
        return Model(fitted._predictor, fitted.columns_, **fitted._target())

    def _target(self) -> dict[str, Any]:
        """Labels, or the units of the target, as `Model` names them."""
        raise NotImplementedError

    def _restore(self, model: Model, classes: Array | None, multilabel: bool) -> None:
        """Be as a saved estimator was, whose network and columns are the model's."""
        network, columns = model.network, model.columns
        if model.n_inputs != self.n_features_in_:
            raise ValueError(f"its {self.n_features_in_} features are not the columns")
        self.network_, self._n_threads = network, self._threads()
        self._predictor = network if network.ema is None else network.ema_network()
        if columns is not None and columns.names:
            self.feature_names_in_ = np.array(columns.names, dtype=object)
        self.columns_ = columns

    def __getstate__(self) -> dict[str, Any]:
        return dict(super().__getstate__()) | {"_cmlp_version": version.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        version.check_pickle(type(self).__name__, state.pop("_cmlp_version", None))
        super().__setstate__(state)
