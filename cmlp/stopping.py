"""What is watched between epochs: when to stop, which epoch was the best, when to take smaller steps."""

from dataclasses import dataclass

import numpy as np

from cmlp.schedules import ReduceOnPlateau

MANY = 1_000_000_000


@dataclass(frozen=True)
class Stopping:
    """When to end before the last epoch, and where to end.

    Attributes
    ----------
    threshold : float or None
        Stop after an epoch in which no W or b moved further than this in any update.
    tol : float or None
        Stop when what is watched has not become better by more than this for n_iter_no_change epochs in a row.
    n_iter_no_change : int
    monitor : {"loss", "score"}
        What is watched: of the validation data, if there is any, else the loss of training.
    restore_best : bool
        End with the parameters of the best epoch.
    """

    threshold: float | None = None
    tol: float | None = None
    n_iter_no_change: int = 10
    monitor: str = "loss"
    restore_best: bool = False


class Patience:
    """Counts the epochs in a row that did not bring a value down by more than tol."""

    def __init__(self, stopping: Stopping) -> None:
        self.stopping = stopping
        self.best = self.lowest = np.inf
        self.without = 0

    def left(self) -> int:
        """Epochs that can pass before it could run out."""
        return MANY if self.stopping.tol is None else self.stopping.n_iter_no_change - self.without

    def see(self, value: float) -> bool:
        """Whether it is the lowest so far."""
        lowest, self.lowest = value < self.lowest, min(self.lowest, value)
        if self.stopping.tol is not None:
            self.without = 0 if value < self.best - self.stopping.tol else self.without + 1
            self.best = min(self.best, value)
        return lowest


class Plateau:
    """The factor of the learning rate: smaller after each run of epochs without progress, if the schedule asks for it."""

    def __init__(self, schedule) -> None:
        self.watches = isinstance(schedule, ReduceOnPlateau)
        self.schedule = schedule
        self.factor = 1.0
        self.best = np.inf
        self.without = 0

    def see(self, value: float) -> None:
        schedule = self.schedule
        self.without = 0 if value < self.best - schedule.tol else self.without + 1
        self.best = min(self.best, value)
        if self.without >= schedule.patience:
            self.factor = max(self.factor * schedule.factor, schedule.least / schedule.initial if schedule.initial else 0.0)
            self.without = 0
