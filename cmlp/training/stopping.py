"""Early stopping: when to stop, which epoch was the best, when to reduce the learning rate."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cmlp import validation
from cmlp.layers import Array
from cmlp.schedules import ReduceOnPlateau
from cmlp.training.history import Ending
from cmlp.training.hooks import Monitor
from cmlp.validation import Checks, Hyperparameters

MANY = 1_000_000_000


@dataclass(frozen=True)
class Stopping(Hyperparameters):
    """Early stopping: when a training ends before its last epoch, and with which weights.

    Parameters
    ----------
    monitor : {"val_loss", "val_score", "loss"} or callable, default "val_loss"
        What is watched after each epoch: the loss or the score (accuracy or R2) of the validation data, the training loss, or
        a function of the network that returns a number, the higher the better.
    patience : int or None, default 10
        Stop when it has not improved for so many epochs in a row; None never stops.
    min_delta : float, default 0.0
        What counts as an improvement over the best so far: by more than this.
    restore_best : bool, default True
        End with the weights of the best epoch, also after Ctrl-C or an exception.
    threshold : float, optional
        Stop after an epoch in which no W or b was changed by more than this in any update, whatever is monitored.

    Examples
    --------
    >>> import cmlp
    >>> X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    >>> net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    >>> stopping = cmlp.Stopping("val_score", patience=5)
    >>> history = net.fit(X, y, epochs=500, validation_data=(X_test, y_test), stopping=stopping)
    >>> history.stopped, net.score(X_test, y_test) == max(history.val_score)
    ('patience', True)
    """

    checks: ClassVar[Checks] = {
        "monitor": validation.check_monitor,
        "patience": validation.optional(validation.check_positive_integer),
        "min_delta": validation.check_non_negative,
        "threshold": validation.optional(validation.check_non_negative),
    }

    monitor: str | Callable[[Any], float] = "val_loss"
    patience: int | None = 10
    min_delta: float = 0.0
    restore_best: bool = True
    threshold: float | None = None


NEVER = Stopping("loss", patience=None, restore_best=False)


class Patience:
    """Counts the epochs in a row without an improvement of a number, the lower the better, by more than min_delta."""

    def __init__(self, patience: int | None, min_delta: float) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.best = np.inf
        self.without = 0

    def left(self) -> int:
        """Epochs that can pass before it could run out."""
        return MANY if self.patience is None else self.patience - self.without

    def see(self, value: float) -> bool:
        """Whether it is the lowest so far."""
        lowest = value < self.best
        self.without = 0 if value < self.best - self.min_delta else self.without + 1
        self.best = min(self.best, value)
        return lowest


class Watch:
    """`Stopping` at work: follows what is monitored, and keeps the weights of the best epoch.

    Attributes
    ----------
    best_epoch : int
    values : list of float
        What was monitored, epoch by epoch, where it was asked for one epoch at a time.
    kept : list of ndarray
        The variables and their moving average after the best epoch.
    """

    def __init__(self, stopping: Stopping) -> None:
        self.stopping = stopping
        self.monitor = Monitor(stopping.monitor)
        self.patience = Patience(stopping.patience, stopping.min_delta)
        self.best_epoch = 0
        self.values: list[float] = []
        self.kept: list[Array] = []

    @property
    def active(self) -> bool:
        return self.stopping.patience is not None or self.stopping.restore_best

    @property
    def by_epoch(self) -> bool:
        """Whether the core must return after each epoch."""
        return self.stopping.restore_best or (self.active and self.monitor.by_epoch)

    @property
    def best(self) -> float | None:
        """The best value of what is monitored, as it is named."""
        return None if np.isinf(self.patience.best) else self.monitor.sign * self.patience.best

    def check(self, training: Any) -> None:
        if self.active:
            self.monitor.check(training)

    def see(self, training: Any, n: int) -> None:
        """After n more epochs."""
        costs = self.monitor.costs(training, n) if self.active else []
        for k, cost in enumerate(costs):
            self.values.append(self.monitor.sign * cost)
            if self.patience.see(cost):
                self.best_epoch = training.history.epoch[k - len(costs)]
                if self.stopping.restore_best:
                    training.history.best_epoch = self.best_epoch
                    self.kept = [array.copy() for array in weights_of(training)]

    def ending(self, training: Any) -> str:
        """Why the training ends after its last epoch, though there could be more; empty if it does not."""
        threshold, changes = self.stopping.threshold, training.history.largest_change
        if self.patience.left() <= 0:
            return Ending.PATIENCE
        return Ending.THRESHOLD if threshold is not None and changes and changes[-1] <= threshold else Ending.NOT_YET

    # --- for checkpoints ----------------------------------------------------------------------------------------
    def settings(self) -> dict[str, Any]:
        """What must be the same when a training is resumed."""
        given = self.stopping
        return {
            "monitor": self.monitor.name,
            "patience": given.patience,
            "min_delta": given.min_delta,
            "restore_best": given.restore_best,
            "threshold": given.threshold,
        }

    def state(self) -> dict[str, Any]:
        """What it has seen, as numbers and arrays."""
        counted = {name: getattr(self.patience, name) for name in ("best", "without")}
        kept = {f"kept{i}": array for i, array in enumerate(self.kept)}
        return counted | {"best_epoch": self.best_epoch, "values": np.array(self.values)} | kept

    def check_state(self, state: dict[str, Any], network: Any) -> None:
        """Raise if what `state` returned is not of this network."""
        if not isinstance(state["best"], (int, float)) or np.isnan(state["best"]):
            raise ValueError(f"best of early stopping must be a number, got {state['best']!r}")
        for name in ("best_epoch", "without"):
            validation.check_integer(name, state[name], 0)
        kept = kept_in(state)
        fits = [
            isinstance(each, np.ndarray)
            and each.shape == network.variables.shape
            and each.dtype == network.dtype
            and bool(np.isfinite(each).all())
            for each in kept
        ]
        missing = self.stopping.restore_best and np.isfinite(state["best"]) and not kept
        if not all(fits) or missing or np.ndim(state["values"]) != 1:
            raise ValueError("the best weights of early stopping are missing, or of another network")

    def set_state(self, state: dict[str, Any]) -> None:
        self.patience.best, self.patience.without = float(state["best"]), state["without"]
        self.best_epoch = state["best_epoch"]
        self.values = np.asarray(state["values"]).tolist()
        self.kept = kept_in(state)

    def restore(self, training: Any) -> None:
        """Put the weights of the best epoch back."""
        for now, best in zip(weights_of(training), self.kept):
            now[:] = best


def kept_in(state: dict[str, Any]) -> list[Array]:
    """The weights of the best epoch in what `Watch.state` has returned."""
    return [state[name] for name in ("kept0", "kept1") if name in state]


def weights_of(training: Any) -> list[Array]:
    """The variables of the network and, where this training keeps it, their moving average."""
    return [array for array in (training.network.variables, training.ema) if array is not None]


class Plateau(Patience):
    """The factor of the learning rate: smaller after each run of epochs without progress, if the schedule asks for it."""

    def __init__(self, schedule: Any) -> None:
        self.active = isinstance(schedule, ReduceOnPlateau)
        super().__init__(*((schedule.patience, schedule.min_delta) if self.active else (None, 0.0)))
        self.schedule = schedule
        self.monitor = Monitor(schedule.monitor if self.active else "loss")
        self.factor = 1.0

    def check(self, training: Any) -> None:
        if self.active:
            self.monitor.check(training)

    def follow(self, training: Any, n: int) -> None:
        """After n more epochs."""
        schedule = self.schedule
        for cost in self.monitor.costs(training, n) if self.active else ():
            self.see(cost)
            if self.left() <= 0:
                least = schedule.min_lr / schedule.initial if schedule.initial else 0.0
                self.factor = max(self.factor * schedule.factor, least)
                self.without = 0
