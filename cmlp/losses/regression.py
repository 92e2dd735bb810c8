"""Losses of regression."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cmlp import validation
from cmlp.layers import Array
from cmlp.losses.base import Domain, Loss, quantile
from cmlp.validation import Checks

MOST_QUANTILES = 15  # a loss takes 16 numbers: how many there are, and each of them


class SquaredError(Loss):
    """Half the squared distance, summed over the outputs: n_outputs / 2 times other libraries' mean squared error."""

    name = "squared_error"

    def start(self, Y: Array, sample_weight: Array | None) -> Array:
        return np.average(Y, axis=0, weights=sample_weight)


class AbsoluteError(Loss):
    """The absolute error, summed over the outputs: the outputs learn medians."""

    name = "absolute_error"

    def start(self, Y: Array, sample_weight: Array | None) -> Array:
        return quantile(Y, 0.5, sample_weight)


@dataclass(frozen=True)
class Huber(Loss):
    """Squared up to an error of delta, absolute beyond, so that outliers have a bounded gradient (Huber 1964).

    Parameters
    ----------
    delta : float, default 1.0
        In units of y; above 0.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([3, 8, 1], loss=cmlp.losses.Huber(delta=0.5)).loss
    'huber'
    """

    name = "huber"
    checks: ClassVar[Checks] = {"delta": validation.check_positive}

    delta: float = 1.0

    def start(self, Y: Array, sample_weight: Array | None) -> Array:
        return quantile(Y, 0.5, sample_weight)


class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine of the error: smooth, squared near 0 and absolute far from it."""

    name = "log_cosh"

    def start(self, Y: Array, sample_weight: Array | None) -> Array:
        return quantile(Y, 0.5, sample_weight)


@dataclass(frozen=True)
class Quantile(Loss):
    """Quantile regression, the pinball loss: one output for each quantile of each target (Koenker and Bassett 1978).

    The last layer has n_targets len(quantiles) units: the quantiles of the first target, then those of the second, ...

    Parameters
    ----------
    quantiles : float or sequence of float, default (0.5,)
        Each in (0, 1), in increasing order.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> rng = np.random.default_rng(0)
    >>> X, y = np.zeros((500, 1)), rng.normal(size=500)
    >>> net = cmlp.Network([1, 3], loss=cmlp.losses.Quantile((0.1, 0.5, 0.9)))
    >>> _ = net.fit(X, y, optimizer=cmlp.Adam(0.05), epochs=100)
    >>> np.abs(net.forward([[0.0]])[0] - np.quantile(y, [0.1, 0.5, 0.9])).max() < 0.1
    np.True_
    """

    name = "quantile"
    tasks = ("regression",)
    checks: ClassVar[Checks] = {"quantiles": lambda name, value: validation.check_quantiles(value, MOST_QUANTILES)}

    quantiles: float | tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "quantiles", validation.check_quantiles(self.quantiles, MOST_QUANTILES))

    @property
    def values(self) -> tuple[float, ...]:
        return (float(len(self.each)), *self.each)

    @property
    def each(self) -> tuple[float, ...]:
        """The quantiles, however many were given."""
        return self.quantiles if isinstance(self.quantiles, tuple) else (self.quantiles,)

    def start(self, Y: Array, sample_weight: Array | None) -> Array:
        return np.stack([quantile(Y, level, sample_weight) for level in self.each], axis=1).ravel()

    def central(self, predicted: Array) -> Array:
        """Of several quantiles, the one nearest to one half."""
        if predicted.ndim == 1:
            return predicted
        nearest = int(np.argmin(np.abs(np.array(self.each) - 0.5)))
        return predicted[:, nearest :: len(self.each)]

    def output_names(self, target: str) -> list[str]:
        return [f"{target}_q{level:g}" for level in self.each]


class Poisson(Loss):
    """The negative log likelihood of counts, y >= 0; the output is their mean, e^Z."""

    name = "poisson"
    tasks = ("regression",)
    domain = Domain(low=0)
    standardizes = False

    def start(self, Y: Array, sample_weight: Array | None) -> Array | None:
        return _log_mean(Y, sample_weight)


class Gamma(Loss):
    """The negative log likelihood of gamma variables, y > 0; the output is their mean, e^Z."""

    name = "gamma"
    tasks = ("regression",)
    domain = Domain(low=0, open=True)
    standardizes = False

    def start(self, Y: Array, sample_weight: Array | None) -> Array | None:
        return _log_mean(Y, sample_weight)


class Gaussian(Loss):
    """The negative log likelihood of normal variables, whose mean and variance are both learned (Nix and Weigend 1994).

    The last layer has two units for each target; `Network.forward` returns their mean and variance, `predict` the mean.
    """

    name = "gaussian"
    tasks = ("regression",)

    def start(self, Y: Array, sample_weight: Array | None) -> Array | None:
        mean = np.average(Y, axis=0, weights=sample_weight)
        variance = np.average((Y - mean) ** 2, axis=0, weights=sample_weight)
        return np.stack([mean, np.log(variance)], axis=1).ravel() if variance.all() else None

    def predicted(self, outputs: Array) -> Array:
        return outputs[:, ::2]

    def in_units(self, scale: Array, mean: Array) -> tuple[Array, Array]:
        factor, summand = super().in_units(scale, mean)
        factor[1::2], summand[1::2] = scale**2, 0
        return factor, summand

    def output_names(self, target: str) -> list[str]:
        return [target, f"{target}_variance"]


def _log_mean(Y: Array, sample_weight: Array | None) -> Array | None:
    """What e^Z is to be on the whole; None where it would be 0."""
    mean = np.average(Y, axis=0, weights=sample_weight)
    return np.log(mean) if (mean > 0).all() else None
