"""What classifier and regressor share: from parameters and data to a fitted network."""

import copy
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from cmlp import validation
from cmlp._typing import Labels, Matrix, Weights
from cmlp.activations import Activation
from cmlp.callbacks import EarlyStopping
from cmlp.data import Table
from cmlp.estimators import settings
from cmlp.estimators.inputs import Inputs, Part
from cmlp.layers import Array
from cmlp.losses import Loss, LossFunction
from cmlp.network import Network
from cmlp.norms import Norm
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.schedules import Schedule
from cmlp.training import hooks
from cmlp.training.history import Ending
from cmlp.training.hooks import Callback

_being_fitted: set[int] = set()
_lock = threading.Lock()


@contextmanager
def alone(estimator: Any) -> Iterator[None]:
    """Held by what fits an estimator."""
    with _lock:
        if id(estimator) in _being_fitted:
            raise RuntimeError("this estimator is being fitted by another thread: fit a copy, sklearn.base.clone(estimator)")
        _being_fitted.add(id(estimator))
    try:
        yield
    finally:
        with _lock:
            _being_fitted.discard(id(estimator))


@dataclass(eq=False, repr=False)
class BaseMLP(Inputs):
    """The parameters that both have; see `MLPClassifier`."""

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str | Activation | Sequence[str | Activation] = "relu"
    _: KW_ONLY
    solver: str | Optimizer | LBFGS = "adam"
    alpha: float = 0.0001
    batch_size: int | str | None = "auto"
    learning_rate: str | Schedule | Callable[[int], float] = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: int | np.random.RandomState | None = None
    tol: float = 1e-4
    verbose: bool = False
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
    loss: str | Loss | LossFunction | None = None
    dropout: float | Sequence[float] = 0.0
    norm: str | Norm | Sequence[str | Norm | None] | None = None
    dtype: str = "auto"
    scale: str | None = None
    categorical_features: str | Sequence[Hashable] | Array | None = None
    impute: bool | str = False
    max_categories: int | None = None
    min_frequency: float | None = None
    dates: bool = False
    extra_columns: str = "raise"
    scoring: str | Callable[..., float] | None = None
    callbacks: Callback | Sequence[Callback] | None = None
    n_threads: int | None = None
    network: Mapping[str, object] | None = None
    training: Mapping[str, object] | None = None

    # --- what a subclass says ---------------------------------------------------------------------------------
    def _learn_targets(self, y: Any) -> None:
        """Find out what the first y means."""
        raise NotImplementedError

    def _encoded(self, y: Any, weight: Any = None) -> Any:
        """y as the network takes it; weight: of the samples, where the first y is learned from."""
        raise NotImplementedError

    def _stratify(self, y: Any) -> Any:
        """By what a validation part is drawn; None at random."""
        return None

    def _resolve_loss(self) -> tuple[Loss, int]:
        """The loss, and the width of the last layer."""
        raise NotImplementedError

    def _network_classes(self) -> Any:
        """The labels that the network knows from the beginning; None for other tasks."""
        return None

    def _class_weight(self) -> Any:
        return None

    # --- fitting ----------------------------------------------------------------------------------------------
    def fit(
        self,
        X: Matrix,
        y: Labels,
        sample_weight: Weights | None = None,
        *,
        validation_data: tuple[Matrix, Labels] | tuple[Matrix, Labels, Weights | None] | None = None,
    ) -> Self:
        """Fit the network, from its beginning unless warm_start.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame (n_samples, n_features)
        y : array-like (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like (n_samples,), optional
        validation_data : (X, y) or (X, y, sample_weight), optional
            Held-out data for early stopping and the scores in `history_`, instead of a part of the training data.

        Returns
        -------
        self
        """
        with alone(self), self._as_before():
            fresh = not (self.warm_start and hasattr(self, "network_"))
            part = self._check_part(X, y, sample_weight, fresh)
            if fresh:
                self._learn_targets(part.y)
            held_out = None
            if validation_data is not None:
                X_held, y_held, weight = validation.check_validation_data(validation_data) or (None, None, None)
                held_out = Part(self._check_X(X_held, isinstance(part.X, Table)), self._checked_y(y_held), weight)
            elif self.early_stopping:
                part, held_out = self._split(part)
            self._prepare(part, fresh)
            self._train(part, held_out, fresh)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        fresh = not hasattr(self, "network_")
        part = self._check_part(X, y, sample_weight, fresh)
        if fresh:
            self._learn_targets(part.y)
        self._prepare(part, fresh)
        arguments = self._fit_settings(len(part.y), part.weight) | dict(self.training or {})
        self.network_.fit(
            self._transformed(part.X),
            self._encoded(part.y, part.weight),
            epochs=1,
            sample_weight=part.weight,
            callbacks=hooks.check(self.callbacks),
            **arguments,
        )
        self.n_iter_ += 1
        self._note(len(part.y), False)
        return self

    @contextmanager
    def _as_before(self) -> Iterator[None]:
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

    def _split(self, part: Part) -> tuple[Part, Part]:
        """The training part, and the validation part."""
        rng = check_random_state(self.random_state)
        labels = self._stratify(part.y)
        several_of_each = labels is not None and np.unique(labels, return_counts=True)[1].min() > 1
        try:
            kept, rest = train_test_split(
                np.arange(len(part.y)),
                test_size=self.validation_fraction,
                random_state=rng,
                stratify=labels if several_of_each else None,
            )
        except ValueError as error:
            raise ValueError(f"validation_fraction={self.validation_fraction} leaves no two parts: {error}") from None
        if len(rest) < 2:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
        return part.rows(kept), part.rows(rest)

    def _prepare(self, part: Part, fresh: bool) -> None:
        """The preprocessing and the network that this part asks for; or those that there are, where they fit."""
        if fresh:
            self._fit_columns(part)
            self._make_network(self.n_features_in_ if self.columns_ is None else self.columns_.n_inputs)
        elif self.network_.sizes[1:-1] != settings.sizes(self.hidden_layer_sizes):
            raise ValueError(
                f"warm_start=True continues with hidden layers of {self.network_.sizes[1:-1]}, hidden_layer_sizes is now "
                f"{self.hidden_layer_sizes}: use warm_start=False"
            )

    def _make_network(self, n_inputs: int) -> None:
        loss, width = self._resolve_loss()
        own: dict[str, Any] = settings.FIRST_WEIGHTS | dict(self.network or {})
        self.network_ = Network(
            [n_inputs, *settings.sizes(self.hidden_layer_sizes), width],
            settings.activation(self.activation),
            loss,
            dropout=self.dropout,
            norm=self.norm,
            dtype=settings.dtype(self),
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            classes=self._network_classes(),
            **own,
        )
        self.n_iter_ = self.t_ = 0
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None

    def _fit_settings(self, n_samples: int, weight: Any, monitor: str = "loss") -> dict[str, Any]:
        """Arguments of `Network.fit` that do not depend on how long it is to last; monitor: what "adaptive" rates follow."""
        batch = settings.batch_size(self, n_samples)
        mean_weight = 1.0 if weight is None else float(np.mean(weight)) or 1.0
        return {
            "optimizer": settings.optimizer(self, n_samples, monitor),
            "batch_size": batch,
            "shuffle": validation.check_flag("shuffle", self.shuffle),
            "regularization": settings.regularization(self, batch, n_samples, mean_weight),
            "class_weight": self._class_weight(),
            "n_threads": self.n_threads,
        }

    def _train(self, part: Part, held_out: Part | None, fresh: bool) -> None:
        X, y, n_samples = self._transformed(part.X), self._encoded(part.y, part.weight), len(part.y)
        held = None if held_out is None else Part(self._transformed(held_out.X), self._encoded(held_out.y), held_out.weight)
        called, scored = hooks.check(self.callbacks), None
        stops = self.early_stopping and held is not None
        monitor = "loss" if held is None else "val_score" if stops and self.scoring is None else "val_loss"
        arguments = self._fit_settings(n_samples, part.weight, monitor)
        if stops and self.scoring is not None:
            assert held is not None
            assert held_out is not None
            scored = self._scored_stopping(held._replace(y=held_out.y))
            called.append(scored)
        elif settings.is_adaptive(self):
            called.append(settings.EndOfAdaptive(settings.patience(self)))
        if scored is None:
            arguments["stopping"] = settings.stopping(self, monitor, stops)
        arguments |= dict(self.training or {})
        max_iter = validation.check_integer("max_iter", self.max_iter, 1)
        if not fresh:
            self.network_._optimizer_state = None
        try:
            self.network_.fit(
                X,
                y,
                epochs=max_iter,
                sample_weight=part.weight,
                validation_data=held,
                verbose=_say if self.verbose else 0,
                callbacks=called,
                **arguments,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=3)
        self.n_iter_ = len(self.history_)
        self._note(n_samples, stops, scored.values if scored else None)
        if self.history_.stopped == Ending.EPOCHS:
            warnings.warn(
                f"Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet: raise max_iter, or tol",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _scored_stopping(self, held: Part) -> EarlyStopping:
        """Early stopping on `scoring`: the scorer sees a copy of this estimator whose inputs are already prepared."""
        scorer: Any = get_scorer(self.scoring) if isinstance(self.scoring, str) else self.scoring
        inside = copy.copy(self)
        inside.__dict__["_inputs"] = lambda X: X
        weights = {} if held.weight is None else {"sample_weight": held.weight}

        def score(network: Network) -> float:
            inside._predictor = network if network.ema is None else network.ema_network()
            return float(scorer(inside, held.X, held.y, **weights))

        return EarlyStopping(score, settings.patience(self), max(float(self.tol), 0.0))

    def _note(self, n_samples: int, stops: bool, scores: list[float] | None = None) -> None:
        """scikit-learn's attributes of what happened; scores: those of `scoring`."""
        history = self.history_
        self._predictor = self.network_ if self.network_.ema is None else self.network_.ema_network()
        self.loss_curve_ += history.loss
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.t_ += len(history) * n_samples
        if stops and self.validation_scores_ is not None:
            self.validation_scores_ += history.val_score if scores is None else scores
            self.best_validation_score_, self.best_loss_ = max(self.validation_scores_, default=None), None
        else:
            self.best_validation_score_, self.best_loss_ = None, min(self.loss_curve_, default=np.inf)


def _say(history: Any, epochs: int) -> None:
    print(f"Iteration {len(history)}, loss = {history.loss[-1]:.8f}", flush=True)
    if history.val_score:
        print(f"Validation score: {history.val_score[-1]:f}", flush=True)
