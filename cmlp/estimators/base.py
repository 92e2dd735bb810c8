"""What classifier and regressor share: from parameters and data to a fitted network."""

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from cmlp._typing import Labels, Matrix, ValidationData, Weights
from cmlp.activations import Activation
from cmlp.data import Table
from cmlp.estimators import held_out, learning, nested, settings, warm_start
from cmlp.estimators.fitted import twin
from cmlp.estimators.inputs import Inputs, Part
from cmlp.layers import Array
from cmlp.losses import Loss, LossFunction
from cmlp.norms import Norm
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.schedules import Schedule
from cmlp.training.hooks import Callback
from cmlp.validation import answer_misnamed

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
    extra_columns: str | list[str] = "raise"
    scoring: str | Callable[..., float] | None = None
    callbacks: Callback | Sequence[Callback] | None = None
    n_threads: int | None = None
    network: Mapping[str, object] | None = None
    training: Mapping[str, object] | None = None

    @answer_misnamed
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; deep: with those inside `network` and `training`, such as ``network__residual``."""
        return super().get_params(deep) | (nested.listed(self) if deep else {})

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, also single ones inside `network` and `training`: ``training__ema_decay=0.99``.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        own, inside = nested.split(type(self).__name__, params)
        super().set_params(**own)
        for name, values in inside.items():
            setattr(self, name, dict(getattr(self, name) or {}) | values)
        return self

    # --- what a subclass says ---------------------------------------------------------------------------------
    def _learn_targets(self, y: Any) -> None:
        """Find out what the first y means."""
        raise NotImplementedError

    def _check_targets(self, y: Any) -> None:
        """Raise if y, for a fit that continues another, does not mean the same."""
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

    def _start(self, part: Part) -> None:
        """Change initial parameters of the network, where these samples suggest better ones."""

    def _hint(self, part: Part) -> str:
        """What makes a training of these samples that has not converged better; empty for nothing special."""
        return ""

    # --- fitting ----------------------------------------------------------------------------------------------
    @answer_misnamed
    def fit(
        self,
        X: Matrix,
        y: Labels,
        sample_weight: Weights | None = None,
        *,
        validation_data: ValidationData | None = None,
        X_val: Matrix | None = None,
        y_val: Labels | None = None,
        sample_weight_val: Weights | None = None,
    ) -> Self:
        """Fit the network, from its beginning unless warm_start.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame (n_samples, n_features)
        y : array-like (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like (n_samples,), optional
        validation_data : (X, y) or (X, y, sample_weight), or a dict of several by name, optional
            Held-out data for early stopping and the scores in `history_`, instead of a part of the training data. Of several,
            early stopping follows the first.
        X_val, y_val, sample_weight_val : array-like, optional
            The same under the names that scikit-learn's pipelines transform and route: ``set_fit_request(X_val=True,
            y_val=True)`` and ``Pipeline(..., transform_input=["X_val"])``.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If data or parameters do not fit, before anything changes.
        """
        sets = held_out.sets_of(validation_data, X_val, y_val, sample_weight_val)
        with self._learner() as learner:
            fresh = not (self.warm_start and hasattr(self, "network_"))
            if not fresh:
                warm_start.check(learner, self._last_fit(), "warm_start=True", "use warm_start=False")
            part = learner._check_part(X, y, sample_weight, fresh)
            if fresh:
                learner._learn_targets(part.y)
            else:
                learner._check_targets(part.y)
            as_table = isinstance(part.X, Table)
            held = {
                name: Part(learner._check_X(X, as_table), learner._checked_y(y), weight)
                for name, (X, y, weight) in sets.items()
            }
            if self.early_stopping and not held:
                part, held["val"] = held_out.split(learner, part)
            if fresh:
                learner._begin(part)
            else:
                learner.network_ = learner.network_.copy()
            learning.train(learner, part, held, fresh)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, fitted: Self) -> None:
        """fitted: as it was before."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        fresh = not hasattr(self, "network_")
        if not fresh:
            warm_start.check(self, fitted, "partial_fit", "use fit, or partial_fit of a sklearn.base.clone")
        part = self._check_part(X, y, sample_weight, fresh)
        if fresh:
            self._learn_targets(part.y)
            self._begin(part)
        learning.one_epoch(self, part)

    def _learns_by_batches(self) -> bool:
        """Whether there is a `partial_fit`."""
        if settings.is_lbfgs(self):
            raise AttributeError("partial_fit needs a solver that learns from batches, such as 'adam' or 'sgd', not L-BFGS")
        return True

    @contextmanager
    def _learner(self) -> Iterator[Self]:
        """A twin that learns; once it is done, or had begun when it was stopped, this estimator becomes as it is.

        So what is refused changes nothing, and predictions of other threads are those of the last fit until the end.
        """
        with alone(self):
            learner, old = twin(self), getattr(self, "network_", None)
            before = None if old is None else old.history
            try:
                yield learner
            finally:
                net = learner.__dict__.get("network_")
                if net is not None and net.history is not None and net.history is not before:
                    self._become(learner)

    def _begin(self, part: Part) -> None:
        """The preprocessing and the network that this part asks for."""
        self._fit_columns(part)
        learning.make_network(self, self.n_features_in_ if self.columns_ is None else self.columns_.n_inputs)
        self._start(part)
