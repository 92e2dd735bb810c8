"""What classifier and regressor share: from parameters and data to a fitted network, and its attributes."""

import copy
import threading
import warnings
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from cmlp import callbacks, losses, validation, version
from cmlp.estimators import settings, tables
from cmlp.estimators.deployment import Deployable
from cmlp.network import Network
from cmlp.training import History

AT_ONCE = 1 << 16  # numbers that are looked through here; more are worth scikit-learn's own checks

_being_fitted: set[int] = set()
_lock = threading.Lock()


@contextmanager
def alone(estimator):
    """Held by what fits an estimator."""
    with _lock:
        if id(estimator) in _being_fitted:
            raise RuntimeError("this estimator is being fitted by another thread; fit a copy: sklearn.base.clone(estimator)")
        _being_fitted.add(id(estimator))
    try:
        yield
    finally:
        with _lock:
            _being_fitted.discard(id(estimator))


@dataclass(eq=False, repr=False)
class BaseMLP(Deployable, BaseEstimator):
    """The parameters that both have; see `MLPClassifier`."""

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    solver: Any = "adam"
    alpha: float = 0.0001
    batch_size: Any = "auto"
    learning_rate: Any = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: Any = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int = 10
    max_fun: int = 15000
    loss: Any = None
    dropout: Any = 0.0
    norm: Any = None
    dtype: str = "auto"
    scale: str | None = None
    categorical_features: Any = None
    impute: bool = False
    scoring: Any = None
    callbacks: Any = None
    n_threads: int | None = None
    network: dict | None = None
    training: dict | None = None

    # --- what a subclass says ---------------------------------------------------------------------------------
    def _encode(self, y, reset: bool) -> np.ndarray:
        """y as the network takes it."""
        raise NotImplementedError

    def _objective(self) -> tuple[losses.Loss, int]:
        """The loss, and the width of the last layer."""
        raise NotImplementedError

    # --- fitting ----------------------------------------------------------------------------------------------
    def fit(self, X, y, sample_weight=None, *, validation_data=None):
        """Fit the network, from its beginning unless warm_start.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame (n_samples, n_features)
        y : array-like (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like (n_samples,), optional
        validation_data : (X, y) or (X, y, sample_weight), optional
            What early stopping looks at, and `history_` keeps scores of, instead of a part of the training data.

        Returns
        -------
        self
        """
        with alone(self), self._as_before():
            return self._fit(X, y, sample_weight, validation_data)

    @contextmanager
    def _as_before(self):
        """What is refused changes nothing: unless a new network has begun to learn, everything goes back."""
        before = dict(self.__dict__)
        old = before.get("network_")
        try:
            yield
        except BaseException:
            net = self.__dict__.get("network_")
            if net is None or net is old or net.history is None:
                self.__dict__.clear()
                self.__dict__.update(before)
            else:
                self._note(0, False)
            raise

    def _fit(self, X, y, sample_weight, validation_data):
        fresh = not (self.warm_start and hasattr(self, "network_"))
        X, y, weight = self._validated(X, y, sample_weight, fresh)
        Y = self._encode(y, fresh)
        held_out = None
        if validation_data is not None:
            X_held, y_held, w_held = validation.check_validation_data(validation_data)
            X_held = self._validated_X(X_held)
            y_held = self._validated_y(y_held)
            held_out = (X_held, self._encode(y_held, False), y_held, w_held)
        elif self.early_stopping:
            X, Y, weight, held_out = self._split(X, y, Y, weight)
        X = self._prepared(X, Y, fresh)
        Y = self._scaled_target(Y)
        if held_out is not None:
            X_held, Y_held, *rest = held_out
            held_out = (self._transformed(X_held), self._scaled_target(Y_held), *rest)
        if fresh:
            self._make_network(X)
        elif self.network_.sizes[1:-1] != settings.sizes(self.hidden_layer_sizes):
            raise ValueError(
                f"warm_start=True goes on with hidden layers of {self.network_.sizes[1:-1]}; hidden_layer_sizes is now "
                f"{self.hidden_layer_sizes}: fit with warm_start=False"
            )
        self._train(X, Y, weight, held_out, fresh)
        return self

    def _split(self, X, y, Y, weight):
        """The training part of everything; (X, Y, y, weights) of the rest."""
        rng = check_random_state(self.random_state)
        rows = np.arange(len(y))
        several_of_each = self._stratifies() and np.unique(Y, return_counts=True)[1].min() > 1
        try:
            kept, rest = train_test_split(
                rows, test_size=self.validation_fraction, random_state=rng, stratify=Y if several_of_each else None
            )
        except ValueError as error:
            raise ValueError(f"validation_fraction={self.validation_fraction} leaves no two parts: {error}") from None
        if len(rest) < 2:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
        taken = tables.rows_of(X, rest)
        weights = (None, None) if weight is None else (weight[kept], weight[rest])
        return tables.rows_of(X, kept), Y[kept], weights[0], (taken, Y[rest], y[rest], weights[1])

    def _stratifies(self) -> bool:
        return False

    def _make_network(self, X) -> None:
        objective, width = self._objective()
        own: dict[str, Any] = settings.FIRST_WEIGHTS | dict(self.network or {})
        self.network_ = Network(
            [X.shape[1], *settings.sizes(self.hidden_layer_sizes), width],
            settings.activation(self.activation),
            objective,
            dropout=self.dropout,
            norm=self.norm,
            dtype=settings.dtype(self),
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            classes=self._codes(),
            **own,
        )
        self.n_iter_ = self.t_ = 0
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None

    def _codes(self):
        """The network's own classes, 0, 1, ...; None for values."""
        return None

    def _fit_settings(self, n_samples: int, weight) -> dict[str, Any]:
        """Arguments of `Network.fit` that do not depend on how long it is to last."""
        batch = settings.batch_size(self, n_samples)
        return {
            "optimizer": settings.optimizer(self, n_samples),
            "batch_size": batch,
            "shuffle": validation.check_flag("shuffle", self.shuffle),
            "penalty": settings.penalty(self, batch, n_samples, 1.0 if weight is None else float(np.mean(weight)) or 1.0),
            "n_threads": self.n_threads,
        }

    def _train(self, X, Y, weight, held_out, fresh: bool) -> None:
        net, n_samples = self.network_, len(Y)
        arguments = self._fit_settings(n_samples, weight)
        called, stopping = callbacks.check(self.callbacks), None
        stops = self.early_stopping and held_out is not None
        if stops and self.scoring is not None:
            stopping = self._scored_stopping(held_out)
            called.append(stopping)
        elif settings.is_adaptive(self):
            called.append(settings.EndOfAdaptive(settings.patience(self)))
        elif stops or not settings.is_lbfgs(self):
            arguments |= {"tol": max(float(self.tol), 0.0), "n_iter_no_change": settings.patience(self)}
        if stops and self.scoring is None:
            arguments |= {"monitor": "score", "restore_best": True}
        arguments |= dict(self.training or {})
        max_iter = validation.check_integer("max_iter", self.max_iter, 1)
        if not fresh:
            net.memory = None
        try:
            net.fit(
                X,
                Y,
                epochs=max_iter,
                sample_weight=weight,
                validation_data=None if held_out is None else (*held_out[:2], held_out[3]),
                verbose=_say if self.verbose else 0,
                callbacks=called,
                **arguments,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        self.n_iter_ = len(self.history_)
        self._note(n_samples, stops, stopping.values if stopping else None)
        if self.history_.stopped == "epochs":
            warnings.warn(
                f"Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet: raise max_iter, or tol",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _scored_stopping(self, held_out):
        """Early stopping on `scoring`: the scorer sees a copy of this estimator whose inputs are already prepared."""
        X, _, y, weight = held_out
        scorer = get_scorer(self.scoring) if isinstance(self.scoring, str) else self.scoring
        inside = copy.copy(self)
        inside.__dict__["_inputs"] = lambda X: X

        def score(network) -> float:
            inside._predictor = network if network.mean is None else network.averaged()
            return float(scorer(inside, X, y) if weight is None else scorer(inside, X, y, sample_weight=weight))

        return callbacks.EarlyStopping(score, settings.patience(self), max(float(self.tol), 0.0))

    def _note(self, n_samples: int, stops: bool, scores: list[float] | None = None) -> None:
        """scikit-learn's attributes of what happened; scores: those of `scoring`."""
        history = self.history_
        self._predictor = self.network_ if self.network_.mean is None else self.network_.averaged()
        self.loss_curve_ += history.loss
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.t_ += len(history) * n_samples
        if stops and self.validation_scores_ is not None:
            self.validation_scores_ += history.val_score if scores is None else scores
            self.best_validation_score_, self.best_loss_ = max(self.validation_scores_, default=None), None
        else:
            self.best_validation_score_, self.best_loss_ = None, min(self.loss_curve_, default=np.inf)

    def _partial_fit(self, X, y, sample_weight):
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        fresh = not hasattr(self, "network_")
        X, y, weight = self._validated(X, y, sample_weight, fresh)
        Y = self._encode(y, fresh)
        X = self._prepared(X, Y, fresh)
        Y = self._scaled_target(Y)
        if fresh:
            self._make_network(X)
        arguments = self._fit_settings(len(Y), weight) | dict(self.training or {})
        self.network_.fit(X, Y, epochs=1, sample_weight=weight, callbacks=callbacks.check(self.callbacks), **arguments)
        self.n_iter_ += 1
        self._note(len(Y), False)
        return self

    # --- data -------------------------------------------------------------------------------------------------
    @property
    def _prepares(self) -> bool:
        return self.scale is not None or self.categorical_features is not None or bool(self.impute)

    def _validated(self, X, y, sample_weight, reset: bool):
        if self._prepares:
            X = tables.as_table(X)
            tables.check_names(self, X, reset)
            y = self._validated_y(y)
            validation.check_length(y, tables.n_rows(X), "y")
        else:
            X, y = validate_data(
                self, X, y, accept_sparse=["csr"], multi_output=True, y_numeric=self._values(), reset=reset, **tables.KINDS
            )
            y = self._validated_y(y)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X if not self._prepares else y)
        return X, y, weight

    def _validated_X(self, X):
        if self._prepares:
            X = tables.as_table(X)
            tables.check_names(self, X, False)
            return X
        return validate_data(self, X, accept_sparse=["csr"], reset=False, **tables.KINDS)

    def _validated_y(self, y):
        return y

    def _values(self) -> bool:
        """Whether y must be numbers."""
        return False

    def _prepared(self, X, Y, fresh: bool):
        """X as the network sees it; fits the transformers on it, if there are to be any."""
        if not self._prepares:
            return X
        if fresh:
            self.preprocessor_ = tables.preprocessor(X, self.scale, self.categorical_features, self.impute)
            self.preprocessor_.fit(X)
        return self._transformed(X)

    def _transformed(self, X):
        return tables.transform(self.preprocessor_, X, self.impute) if self._prepares else X

    def _scaled_target(self, Y):
        return Y

    def _inputs(self, X):
        """X of a prediction as the network sees it; arrays that can be used as they are pass quickly."""
        check_is_fitted(self, "network_")
        if not self._prepares and not hasattr(self, "feature_names_in_") and self._usable(X):
            return X
        return self._transformed(self._validated_X(X))

    def _usable(self, X) -> bool:
        """Whether X is a small array of the right width, all finite."""
        if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.kind not in "fiu" or not 0 < X.size <= AT_ONCE:
            return False
        return X.shape[1] == self.n_features_in_ and bool(np.isfinite(X).all())

    # --- what scikit-learn's MLP has ----------------------------------------------------------------------------
    @property
    def coefs_(self) -> list[np.ndarray]:
        """W of every layer, (fan_in, fan_out): views."""
        check_is_fitted(self, "network_")
        return [layer.W for layer in self._predictor.layers]

    @property
    def intercepts_(self) -> list[np.ndarray]:
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self._prepares
        tags.input_tags.allow_nan = bool(self.impute)
        return tags

    def __getstate__(self):
        return dict(super().__getstate__()) | {"_cmlp_version": version.__version__}

    def __setstate__(self, state):
        version.check_pickle(type(self).__name__, state.pop("_cmlp_version", None))
        super().__setstate__(state)


def _say(history, epochs: int) -> None:
    print(f"Iteration {len(history)}, loss = {history.loss[-1]:.8f}", flush=True)
    if history.val_score:
        print(f"Validation score: {history.val_score[-1]:f}", flush=True)
