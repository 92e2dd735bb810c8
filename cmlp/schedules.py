"""Learning rate schedules, and schedules of any other hyperparameter: functions of the step.

A schedule stands where a number would: ``cmlp.Adam(schedules.Cosine(0.01))``,
``cmlp.Momentum(0.1, schedules.Linear(0.5, 0.9))``. Times are given in epochs and may be fractions; a schedule without a time of
its own lasts as long as the call of fit. Steps are counted from the beginning of that call: the next `Network.fit` starts a
schedule anew. The estimators continue it over calls of `partial_fit`, each of which is one epoch of `max_iter`, and over fits
with `warm_start`, which make a schedule without a time of its own longer. The values are computed for many steps at once and
handed to the core as a table.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cmlp import validation
from cmlp.validation import Checks, Hyperparameters

Array = NDArray[Any]


@dataclass(frozen=True)
class Schedule(Hyperparameters):
    """What all schedules have.

    A subclass defines ``at(epochs, length)``: the values after so many epochs (an array, of fractions too) of a call of fit
    that is `length` epochs long.
    """

    checks: ClassVar[Checks] = {
        **dict.fromkeys(("initial", "final", "factor", "power"), validation.check_non_negative),
        "epochs": validation.optional(validation.check_positive),
    }

    def at(self, epochs: Array, length: float) -> Array:
        raise TypeError(f"{type(self).__name__} says nothing: use one of its subclasses")

    def values(self, first: int, n: int, steps_per_epoch: int, n_epochs: float) -> Array:
        """(n,) float64: for the steps first, first + 1, ... of a call of fit."""
        epochs = np.arange(first, first + n) / steps_per_epoch
        return np.asarray(self.at(epochs, float(n_epochs)), dtype=np.float64)


@dataclass(frozen=True)
class Step(Schedule):
    """``initial factor^k`` with k = the number of times that `every` epochs have passed.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.Step(0.1, every=2).values(0, 6, steps_per_epoch=1, n_epochs=6).round(6).tolist()
    [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    """

    checks: ClassVar[Checks] = {"every": validation.check_positive}

    initial: float
    factor: float = 0.1
    every: float = 10

    def at(self, epochs, length):
        return self.initial * self.factor ** np.floor(epochs / self.every + 1e-9)


@dataclass(frozen=True)
class Exponential(Schedule):
    """``initial factor^epochs``.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.Exponential(1.0, 0.5).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [1.0, 0.5, 0.25, 0.125]
    """

    initial: float
    factor: float = 0.95

    def at(self, epochs, length):
        return self.initial * self.factor**epochs


@dataclass(frozen=True)
class InverseTime(Schedule):
    """``initial / (1 + rate epochs)`` (Robbins and Monro 1951 for power 1).

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.InverseTime(1.0).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [1.0, 0.5, 0.333, 0.25]
    """

    checks: ClassVar[Checks] = {"rate": validation.check_non_negative}

    initial: float
    rate: float = 1.0
    power: float = 1.0

    def at(self, epochs, length):
        return self.initial / (1 + self.rate * epochs) ** self.power


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """scikit-learn's "invscaling": ``initial / (samples seen before this epoch + 1)^power``.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.InverseScaling(1.0, 0.5, 8).values(0, 3, steps_per_epoch=1, n_epochs=3).round(3).tolist()
    [1.0, 0.333, 0.243]
    """

    checks: ClassVar[Checks] = {"n_samples": validation.check_positive_integer}

    initial: float
    power: float
    n_samples: int

    def at(self, epochs, length):
        return self.initial / (np.floor(epochs + 1e-9) * self.n_samples + 1) ** self.power


@dataclass(frozen=True)
class Polynomial(Schedule):
    """From initial to final as ``(1 - epochs / length)^power``; final from then on.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.Polynomial(1.0).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [1.0, 0.562, 0.25, 0.062]
    """

    initial: float
    final: float = 0.0
    power: float = 2.0
    epochs: float | None = None

    def at(self, epochs, length):
        rest = 1 - np.minimum(epochs / (self.epochs or length), 1)
        return self.final + (self.initial - self.final) * rest**self.power


@dataclass(frozen=True)
class Linear(Schedule):
    """From initial to final in a straight line; final from then on.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.Linear(1.0).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [1.0, 0.75, 0.5, 0.25]
    """

    initial: float
    final: float = 0.0
    epochs: float | None = None

    def at(self, epochs, length):
        return self.initial + (self.final - self.initial) * np.minimum(epochs / (self.epochs or length), 1)


@dataclass(frozen=True)
class Cosine(Schedule):
    """From initial to final along half a wave (Loshchilov and Hutter, ICLR 2017, equation 5).

    Parameters
    ----------
    initial, final : float
    epochs : float, optional
        Of the half wave; the length of the call of fit unless given.
    restarts : bool, default False
        Begin again at initial after each half wave; else final from then on.
    growth : float, default 1.0
        How many times as long as the last one each half wave is, with restarts.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.Cosine(1.0, epochs=2, restarts=True).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [1.0, 0.5, 1.0, 0.5]
    """

    checks: ClassVar[Checks] = {"growth": validation.check_at_least_one}

    initial: float
    final: float = 0.0
    epochs: float | None = None
    restarts: bool = False
    growth: float = 1.0

    def at(self, epochs, length):
        part = (
            self._part(epochs / (self.epochs or length)) if self.restarts else np.minimum(epochs / (self.epochs or length), 1)
        )
        return self.final + (self.initial - self.final) * (1 + np.cos(np.pi * part)) / 2

    def _part(self, waves):
        """How far along its half wave a time is that is measured in first half waves."""
        if self.growth == 1:
            return waves % 1
        k = np.floor(np.log1p(waves * (self.growth - 1)) / math.log(self.growth) + 1e-12)
        return (waves - (self.growth**k - 1) / (self.growth - 1)) / self.growth**k


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to `max_lr` and down again, each along half a cosine wave (Smith and Topin 2019).

    Parameters
    ----------
    max_lr : float
    pct_start : float in (0, 1), default 0.3
        The share of the call of fit in which it rises.
    div_factor : float, default 25
        The first value is max_lr / div_factor.
    final_div_factor : float, default 1e4
        The last value is max_lr / div_factor / final_div_factor.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.OneCycle(1.0, pct_start=0.5).values(0, 4, steps_per_epoch=1, n_epochs=4).round(3).tolist()
    [0.04, 0.52, 1.0, 0.5]
    """

    checks: ClassVar[Checks] = {
        "max_lr": validation.check_non_negative,
        "pct_start": validation.check_inside_unit,
        "div_factor": validation.check_positive,
        "final_div_factor": validation.check_positive,
    }

    max_lr: float
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def at(self, epochs, length):
        first, top = self.max_lr / self.div_factor, self.pct_start * length
        last = self.max_lr / self.div_factor / self.final_div_factor
        up = first + (self.max_lr - first) * (1 - np.cos(np.pi * np.minimum(epochs / top, 1))) / 2
        fall = np.clip((epochs - top) / (length - top), 0, 1)
        down = last + (self.max_lr - last) * (1 + np.cos(np.pi * fall)) / 2
        return np.where(epochs < top, up, down)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Linear warm-up: a straight line from 0 to another schedule, or number, in the first `epochs`; then that.

    The first step, at time 0, takes the first step's share of the line rather than nothing.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.WarmUp(1.0, epochs=1).values(0, 6, steps_per_epoch=4, n_epochs=2).tolist()
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    checks: ClassVar[Checks] = {"epochs": validation.check_positive}

    then: Any
    epochs: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_plateau("WarmUp: then", self.then)

    def values(self, first, n, steps_per_epoch, n_epochs):
        rising = max(1, round(self.epochs * steps_per_epoch))
        steps = np.arange(first, first + n)
        begun = max(0, first - rising)
        rest = max(n_epochs - rising / steps_per_epoch, 1 / steps_per_epoch)
        after = resolve(self.then).values(begun, n, steps_per_epoch, rest)
        return np.minimum((steps + 1) / rising, 1) * after[np.maximum(steps - rising, 0) - begun]


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """`initial`, times `factor` after each `patience` epochs in a row without an improvement of what is monitored.

    It needs a call of the core for each epoch.

    Parameters
    ----------
    initial : float
    factor : float, default 0.1
    patience : int, default 10
    min_delta : float, default 0.0
        What counts as an improvement: by more than this.
    min_lr : float, default 0.0
        It goes no lower.
    monitor : {"val_loss", "val_score", "loss"} or callable, default "val_loss"
        As in `cmlp.Stopping`.

    Examples
    --------
    >>> from cmlp import schedules
    >>> schedules.ReduceOnPlateau(0.01, patience=3).factor
    0.1
    """

    checks: ClassVar[Checks] = {
        "patience": validation.check_positive_integer,
        "min_delta": validation.check_non_negative,
        "min_lr": validation.check_non_negative,
        "monitor": validation.check_monitor,
    }

    initial: float
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    min_lr: float = 0.0
    monitor: str | Callable[[Any], float] = "val_loss"

    def at(self, epochs, length):
        return np.full(len(epochs), self.initial)


@dataclass(frozen=True)
class Constant(Schedule):
    """The same at every step: what a number stands for."""

    initial: float

    def at(self, epochs, length):
        return np.full(len(epochs), self.initial)


@dataclass(frozen=True)
class Function(Schedule):
    """What a function of the step, 0, 1, ... returns: a callable that is given as a hyperparameter becomes this."""

    checks: ClassVar[Checks] = {"function": validation.check_function}

    function: Callable[[int], float]

    def values(self, first, n, steps_per_epoch, n_epochs):
        return np.array([validation.check_returned(self.function(step), step) for step in range(first, first + n)])


Value = float | Schedule | Callable[[int], float]


def is_scheduled(value: Any) -> bool:
    """Whether it changes with the step."""
    return isinstance(value, Schedule) or callable(value)


def refuse_plateau(name: str, given: Any) -> None:
    """A plateau is looked for in the learning rate alone; elsewhere it would silently be a constant."""
    if isinstance(given, ReduceOnPlateau):
        raise ValueError(f"{name} must not be a ReduceOnPlateau, which can only be the learning rate itself")


def resolve(given: Any) -> Schedule:
    """A schedule itself, a function of the step, or a number."""
    if isinstance(given, Schedule):
        return given
    validation.check_instance("a schedule", given)
    return Function(given) if callable(given) else Constant(given)


def table(
    name: str, value: Any, first: int, n: int, steps_per_epoch: int, n_epochs: float, check: Callable[[str, float], float]
) -> Array:
    """(n, 1): a value in the steps first, first + 1, ... of a call of fit; (1, 1) if it does not change.

    Raises
    ------
    ValueError
        By `check`, if its schedule leaves its range.
    """
    if not is_scheduled(value):
        return np.array([[value]], dtype=np.float64)
    values = resolve(value).values(first, n, steps_per_epoch, n_epochs)
    for extreme in (values.min(), values.max()):
        check(name, float(extreme))
    return values[:, None]
