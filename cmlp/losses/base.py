"""What all losses have."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Literal

import numpy as np

from cmlp.layers import Array
from cmlp.runtime import registry
from cmlp.validation import Hyperparameters

Task = Literal["classification", "multilabel", "regression"]
TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")
LossFunction = Callable[[Array, Array], tuple[Any, Array]]


@dataclass(frozen=True)
class Domain:
    """The targets that a loss takes: an interval, or two values.

    Attributes
    ----------
    low, high : float
    open : bool
        Whether `low` itself is left out.
    only_ends : bool
        Whether low and high are all that there is.
    """

    low: float = -inf
    high: float = inf
    open: bool = False
    only_ends: bool = False

    @property
    def bounded(self) -> bool:
        return self.low > -inf or self.high < inf

    def outside(self, y: Array) -> Array:
        """Where y is not in it."""
        if self.only_ends:
            return (y != self.low) & (y != self.high)
        return (y <= self.low if self.open else y < self.low) | (y > self.high)

    def __str__(self) -> str:
        if self.only_ends:
            return f"{self.low:g} or {self.high:g}"
        if self.high == inf:
            return f"{'>' if self.open else '>='} {self.low:g}"
        return f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Loss(Hyperparameters):
    """What all losses have.

    Attributes
    ----------
    name : str
        By which a network takes it.
    tasks : tuple of {"classification", "multilabel", "regression"}
        What y may mean; the first is what a vector y means for a network with one output.
    domain : Domain
        Of the targets.
    standardizes : bool
        Whether targets may be brought to mean 0 and standard deviation 1.
    probabilities : bool
        Whether the outputs are probabilities.
    exclusive : bool
        Whether the outputs of a sample sum to 1: it belongs to one class of several.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    domain: ClassVar[Domain] = Domain()
    standardizes: ClassVar[bool] = True
    probabilities: ClassVar[bool] = False
    exclusive: ClassVar[bool] = False

    @property
    def values(self) -> tuple[float, ...]:
        """The hyperparameters in the order that the compiled kernel registered."""
        return tuple(float(getattr(self, name)) for name in registry.losses[self.name].hyper)

    @property
    def outputs_per_target(self) -> int:
        """How many outputs are compared with one column of Y."""
        return registry.outputs_per_target(self.name, self.values)

    @property
    def link(self) -> str | None:
        """The output function that it sets itself; the loss then takes the logits Z, not A."""
        return registry.losses[self.name].link

    @property
    def takes_logits(self) -> bool:
        """Whether it compares Y with Z of the last layer, not with A."""
        return self.link is not None

    @property
    def off(self) -> float:
        """What Y holds for the classes that a sample is not in."""
        return registry.losses[self.name].off

    @property
    def classifies(self) -> bool:
        """Whether a vector y means classes even for one output."""
        return self.tasks[0] != "regression"

    def task_of(self, n_outputs: int) -> Task:
        """What the outputs of a network are taken to mean before it has seen any y."""
        return "multilabel" if "multilabel" in self.tasks and n_outputs > 1 else self.tasks[0]

    def outputs_for(self, n_classes: int) -> int:
        """The width of the last layer for so many classes."""
        return 1 if n_classes == 2 and "multilabel" in self.tasks else n_classes

    def codes_of_two(self) -> tuple[int, int]:
        """The labels that a network of one output has for its two classes before it has seen any y."""
        return 0, 1

    def gives_probabilities(self, output: Any) -> bool:
        """Whether the outputs of a network with this output function, an Activation, are probabilities."""
        return self.probabilities

    def check_outputs(self, n_outputs: int) -> None:
        """Raise if a last layer of this width is none for it.

        Raises
        ------
        ValueError
        """
        each = self.outputs_per_target
        if n_outputs % each:
            raise ValueError(
                f"the last layer must have {each} outputs for each target with loss {self.name!r}, got {n_outputs}"
            )

    def start(self, Y: Array, sample_weight: Array | None) -> Array | None:
        """Logits from which a network learns well: of the constants, those with about the least mean loss; None if unknown.

        Parameters
        ----------
        Y : ndarray (n_samples, n_targets)
        sample_weight : ndarray (n_samples,) or None

        Returns
        -------
        Z : ndarray (n_outputs,) or None
        """
        return None

    # --- what the outputs mean --------------------------------------------------------------------------------------
    def predicted(self, outputs: Array) -> Array:
        """Of the outputs, or of their numbers, those that `Network.predict` returns: (n_samples, ...)."""
        return outputs

    def central(self, predicted: Array) -> Array:
        """Of what is predicted, one column for each target: what a score compares with y."""
        return predicted

    def in_units(self, scale: Array, mean: Array) -> tuple[Array, Array]:
        """(factor, summand) of each output, for targets that were standardised as ``(y - mean) / scale``."""
        each = self.outputs_per_target
        return np.repeat(scale, each), np.repeat(mean, each)

    def output_names(self, target: str) -> list[str]:
        """Names of the outputs of one target."""
        each = self.outputs_per_target
        return [target] if each == 1 else [f"{target}_{k}" for k in range(each)]


def quantile(Y: Array, level: float, sample_weight: Array | None) -> Array:
    """The least values that this share of the weights lies at or below, (n_targets,)."""
    order = np.argsort(Y, axis=0)
    weights = np.ones(len(Y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    below = weights[order].cumsum(axis=0)
    places = (below < level * below[-1]).sum(axis=0)
    return np.take_along_axis(np.take_along_axis(Y, order, axis=0), places[None], axis=0)[0]
