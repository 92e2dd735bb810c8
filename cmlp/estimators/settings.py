"""scikit-learn's names for what cmlp calls by others: solvers, learning rates, regularization, activations."""

from typing import Any

import numpy as np

from cmlp import optimizers, schedules, validation
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.regularization import Regularization
from cmlp.schedules import Schedule
from cmlp.training.history import Ending
from cmlp.training.hooks import Callback
from cmlp.training.stopping import Stopping

ACTIVATIONS = {"logistic": "sigmoid"}
OUTPUTS = {"sigmoid": "logistic", "exponential": "exp"}  # the way back, for `out_activation_`
FIRST_WEIGHTS = {"init": "glorot_uniform", "bias_init": "glorot_uniform"}  # as scikit-learn's, biases too
LEAST_RATE = 1e-6  # where "adaptive" ends
ADAPTIVE_FACTOR = 0.2


def activation(given: Any) -> Any:
    """cmlp's name of a hidden layer's function, or of each layer's."""
    if isinstance(given, list):
        return [activation(each) for each in given]
    return ACTIVATIONS.get(given, given) if isinstance(given, str) else given


def learning_rate(estimator: Any, n_samples: int, monitor: str) -> Any:
    """A number or a schedule."""
    kind, initial = estimator.learning_rate, estimator.learning_rate_init
    if isinstance(kind, Schedule) or callable(kind):
        return kind
    validation.check_name("learning_rate", kind, ("constant", "invscaling", "adaptive"))
    validation.check_positive("learning_rate_init", initial)
    if estimator.solver != "sgd" or kind == "constant":
        return float(initial)
    if kind == "invscaling":
        return schedules.InverseScaling(float(initial), float(estimator.power_t), n_samples)
    tol = max(float(estimator.tol), 0.0)
    return schedules.ReduceOnPlateau(float(initial), ADAPTIVE_FACTOR, patience(estimator), tol, monitor=monitor)


class EndOfAdaptive(Callback):
    """Ends a training whose "adaptive" learning rate has become too small to change anything."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_fit_begin(self, training) -> None:
        self.epochs = 0

    def state(self) -> dict:
        return {"epochs": self.epochs}

    def restore(self, state: dict) -> None:
        self.epochs = state["epochs"]

    def check(self, state: dict, network) -> None:
        validation.check_integer("epochs", state["epochs"], 0)

    def on_epoch_end(self, training) -> None:
        self.epochs += training.history.learning_rate[-1] <= LEAST_RATE
        if self.epochs >= self.patience:
            training.stop(Ending.PATIENCE)


class GoesOn(Callback):
    """Schedules that go on from one training to the next, and keep where they are.

    Parameters
    ----------
    epochs, length : int
        That have been before, and that there are in all, for schedules without a time of their own.
    plateau : dict or None
        Where a `ReduceOnPlateau` was; None for the beginning.
    """

    def __init__(self, epochs: int, length: int, plateau: dict[str, float] | None = None) -> None:
        self.epochs, self.length, self.plateau = epochs, length, plateau

    def state(self) -> dict:
        return {}

    def settings(self) -> dict:
        return {"epochs": self.epochs}

    def on_prepare(self, training) -> None:
        if self.epochs or self.length != training.epochs:
            training.continue_schedules(self.epochs, self.length)

    def on_fit_begin(self, training) -> None:
        for name, value in (self.plateau or {}).items():
            setattr(training.plateau, name, value)

    def on_fit_end(self, training) -> None:
        self.plateau = {name: getattr(training.plateau, name) for name in ("factor", "best", "without")}


def is_adaptive(estimator: Any) -> bool:
    return estimator.solver == "sgd" and estimator.learning_rate == "adaptive"


def is_lbfgs(estimator: Any) -> bool:
    return isinstance(estimator.solver, LBFGS) or estimator.solver == "lbfgs"


def patience(estimator: Any) -> int:
    """Epochs without progress after which something happens: scikit-learn waits for one more than it says."""
    return validation.check_integer("n_iter_no_change", int(min(estimator.n_iter_no_change, 10**9)), 0) + 1


def optimizer(estimator: Any, n_samples: int, monitor: str) -> Optimizer | LBFGS:
    """The solver, with scikit-learn's hyperparameters where it has them."""
    solver = estimator.solver
    if isinstance(solver, (Optimizer, LBFGS)):
        return solver
    validation.check_name("solver", solver, optimizers.BY_NAME)
    if solver == "lbfgs":
        return LBFGS(tolerance_grad=float(estimator.tol), max_eval=int(estimator.max_fun))
    rate = learning_rate(estimator, n_samples, monitor)
    if solver == "sgd":
        if estimator.momentum == 0:
            return optimizers.SGD(rate)
        kind = optimizers.Nesterov if estimator.nesterovs_momentum else optimizers.Momentum
        return kind(rate, estimator.momentum)
    own = {name: getattr(estimator, name) for name in ("beta_1", "beta_2", "epsilon")} if solver == "adam" else {}
    return optimizers.BY_NAME[solver](rate, **own)


def batch_size(estimator: Any, n_samples: int) -> int | None:
    """Samples in a batch, at most all."""
    if is_lbfgs(estimator) or estimator.batch_size is None:
        return None
    if estimator.batch_size == "auto":
        return None if getattr(estimator.solver, "needs_full_batch", estimator.solver == "rprop") else min(200, n_samples)
    return min(validation.check_integer("batch_size", estimator.batch_size, 1), n_samples)


def stopping(estimator: Any, monitor: str, early: bool) -> Stopping:
    """With early stopping also the weights of the best epoch; "adaptive" rates and L-BFGS end by themselves."""
    by_itself = is_adaptive(estimator) or (is_lbfgs(estimator) and not early)
    tol = max(float(estimator.tol), 0.0)
    return Stopping(monitor, None if by_itself else patience(estimator), tol, restore_best=early and monitor == "val_score")


def regularization(estimator: Any, batch: int | None, n_samples: int, mean_weight: float) -> Regularization | None:
    """alpha, which scikit-learn divides by the samples of a batch, or by the sum of their weights."""
    alpha = validation.check_non_negative("alpha", estimator.alpha)
    return Regularization(l2=alpha / ((batch or n_samples) * mean_weight)) if alpha else None


def dtype(estimator: Any) -> str:
    """float32, but for L-BFGS, whose line searches need more."""
    if estimator.dtype != "auto":
        return estimator.dtype
    return "float64" if is_lbfgs(estimator) else "float32"


def sizes(given: Any) -> list[int]:
    """Widths of the hidden layers, from one or several."""
    if isinstance(given, str):
        raise TypeError(f"hidden_layer_sizes must be integers, got {given!r}: a loss is given by name, loss={given!r}")
    each = list(given) if np.iterable(given) else [given]
    return [validation.check_integer("hidden_layer_sizes", int(n) if isinstance(n, np.integer) else n, 1) for n in each]


def output_name(network: Any) -> str:
    """scikit-learn's name of the output function."""
    name = network.activations[-1]
    return OUTPUTS.get(name, name)
