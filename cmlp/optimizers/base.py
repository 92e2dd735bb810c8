"""What all optimizers have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cmlp import schedules, validation
from cmlp.layers import Array
from cmlp.runtime import registry
from cmlp.schedules import Value, is_scheduled
from cmlp.validation import Checks, Hyperparameters


@dataclass(frozen=True)
class Optimizer(Hyperparameters):
    """What all optimizers have.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        Length of a step; at least 0. It, and any other hyperparameter, may be a `cmlp.schedules.Schedule` or a function of
        the step, 0, 1, ... of the call of fit.

    Attributes
    ----------
    name : str
        Of its kernel.
    needs_full_batch : bool
        Whether it needs the gradient of all samples, in one batch.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter is no number, not finite, or out of its range.
    """

    name: ClassVar[str]
    needs_full_batch: ClassVar[bool] = False
    checks: ClassVar[Checks] = {"learning_rate": validation.check_non_negative}

    learning_rate: Value = 0.001

    @classmethod
    def check(cls, name: str, value: Any) -> None:
        if name != "learning_rate":
            schedules.refuse_plateau(f"{cls.__name__}: {name}", value)
        if not is_scheduled(value):
            super().check(name, value)

    @property
    def n_slots(self) -> int:
        """Numbers that it keeps for each parameter."""
        return registry.optimizers[self.name].n_slots

    def table(self, first: int, n: int, steps_per_epoch: int, n_epochs: int) -> Array:
        """The hyperparameters, (n, n_hyper), for the steps first, first + 1, ... of a call of fit; one row if constant.

        In the order that the compiled kernel registered.

        Raises
        ------
        ValueError
            If a schedule leaves the range of its hyperparameter.
        """
        names = registry.optimizers[self.name].hyper
        given = [getattr(self, name) for name in names]
        if not any(map(is_scheduled, given)):
            return np.array([given], dtype=np.float64)
        columns = [schedules.resolve(value).values(first, n, steps_per_epoch, n_epochs) for value in given]
        values = np.stack(columns, axis=1)
        for column, name in enumerate(names):
            for extreme in (values[:, column].min(), values[:, column].max()):
                self.check(name, float(extreme))
        return values

    def learning_rates(self, steps: Sequence[int], steps_per_epoch: int, n_epochs: int) -> list[float]:
        """In these steps of a call of fit."""
        if isinstance(self.learning_rate, (int, float)):
            return [float(self.learning_rate)] * len(steps)
        schedule = schedules.resolve(self.learning_rate)
        return [float(schedule.values(step, 1, steps_per_epoch, n_epochs)[0]) for step in steps]
