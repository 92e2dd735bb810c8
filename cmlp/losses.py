"""Losses: frozen sets of hyper-parameters. The arithmetic is compiled (``src_pyx/cmlp/_losses.pyx``), its equations are in
`cmlp.reference.losses`.

A network takes a name, for the defaults, or one of these. The cost is the mean over the samples of weight times loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cmlp import registry, validation
from cmlp.layers import Array

CLASS_LOSSES = ("log_loss", "cross_entropy", "perceptron")  # with these, a vector y is classes even for one output
MOST_QUANTILES = 15  # a loss takes 16 numbers: how many there are, and each of them


@dataclass(frozen=True)
class Loss:
    """What all losses have."""

    name: ClassVar[str]

    @property
    def values(self) -> tuple[float, ...]:
        """The hyper-parameters in the order that the compiled kernel registered."""
        return tuple(float(getattr(self, name)) for name in registry.losses[self.name].hyper)

    @property
    def outputs_per_target(self) -> int:
        """How many outputs are compared with one column of Y."""
        return registry.outputs_per_target(self.name, self.values)

    @property
    def link(self) -> str | None:
        """The output function that it sets itself."""
        return registry.losses[self.name].link

    @property
    def takes_scores(self) -> bool:
        """Whether it compares Y with Z of the last layer, not with A."""
        return self.link is not None

    @property
    def off(self) -> float:
        """What Y holds for the classes that a sample is not in."""
        return registry.losses[self.name].off

    @property
    def of_classes(self) -> bool:
        """Whether a vector y is classes even for one output."""
        return self.name in CLASS_LOSSES


class SquaredError(Loss):
    """Half the squared distance, summed over the outputs: n_outputs / 2 times other libraries' mean squared error."""

    name = "squared_error"


class AbsoluteError(Loss):
    """The absolute error, summed over the outputs: the outputs learn medians."""

    name = "absolute_error"


@dataclass(frozen=True)
class Huber(Loss):
    """Squared up to an error of delta, absolute beyond, so that outliers pull no harder than that (Huber 1964).

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
    delta: float = 1.0

    def __post_init__(self) -> None:
        validation.check_above_zero("Huber: delta", self.delta)


class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine of the error: smooth, squared near 0 and absolute far from it."""

    name = "log_cosh"


@dataclass(frozen=True)
class Quantile(Loss):
    """One output for each quantile of each target (Koenker and Bassett 1978).

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
    quantiles: float | tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantiles", validation.check_quantiles(self.quantiles, MOST_QUANTILES))

    @property
    def values(self) -> tuple[float, ...]:
        return (float(len(self.each)), *self.each)

    @property
    def each(self) -> tuple[float, ...]:
        """The quantiles, however many were given."""
        return self.quantiles if isinstance(self.quantiles, tuple) else (self.quantiles,)


class Poisson(Loss):
    """The negative log likelihood of counts, y >= 0; the output is their mean, e^Z."""

    name = "poisson"


class Gamma(Loss):
    """The negative log likelihood of gamma variables, y > 0; the output is their mean, e^Z."""

    name = "gamma"


class Gaussian(Loss):
    """The negative log likelihood of normal variables, whose mean and variance are both learned (Nix and Weigend 1994).

    The last layer has two units for each target; `Network.forward` returns their mean and variance, `predict` the mean.
    """

    name = "gaussian"


class LogLoss(Loss):
    """A yes or no for each output; the output is its probability, sigmoid(Z)."""

    name = "log_loss"


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """One class of several; the outputs are their probabilities, softmax(Z).

    Parameters
    ----------
    label_smoothing : float in [0, 1), default 0.0
        What is taken from the right class and shared out among all (Szegedy et al. 2016).

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([4, 3], loss=cmlp.losses.CrossEntropy(label_smoothing=0.1)).objective
    CrossEntropy(label_smoothing=0.1)
    """

    name = "cross_entropy"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        validation.check_share("CrossEntropy: label_smoothing", self.label_smoothing)


class Perceptron(Loss):
    """Rosenblatt's rule (1958); y is -1 or +1, and so is the output, sign(Z)."""

    name = "perceptron"


@dataclass(frozen=True)
class Custom(Loss):
    """A loss of your own: a Python function, called once for each batch, while the compiled threads wait.

    Parameters
    ----------
    function : callable
        ``function(Z, Y)`` with Z (n, n_outputs), the raw scores of the last layer, and Y (n, n_targets), both to be read only
        and in the network's dtype. It returns (losses, dZ): the loss of each sample, (n,), and its gradient by Z, of Z's
        shape. Or, where the samples of a batch depend on each other, a single number, their mean loss, and the gradient of
        that; then no weights of samples or classes can be given.
    classes : bool, default False
        Whether a vector y means classes even for one output; Y then holds 0 and 1.
    outputs_per_target : int, default 1
        How many outputs are compared with one column of Y; `predict` returns the first of each.

    Notes
    -----
    It gets whole batches, however large: with ``batch_size=None`` all samples at once.
    The output function of `Network(output=...)` is applied by `forward`, not in front of the loss. Check the gradient with
    `cmlp.inspection.check_gradients`.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> def cauchy(Z, Y):
    ...     E = Z - Y
    ...     return np.log1p(E**2).sum(axis=1), 2 * E / (1 + E**2)
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> net = cmlp.Network([1, 1], loss=cmlp.losses.Custom(cauchy), dtype="float64")
    >>> cmlp.inspection.check_gradients(net, X, 3 * X).ok
    True
    >>> _ = net.fit(X, 3 * X, optimizer=cmlp.Adam(0.05), batch_size=None, epochs=500)
    >>> round(float(net.layers[0].W[0, 0]), 3)
    3.0
    """

    name = "custom"
    function: Callable[[Array, Array], tuple[Any, Array]]
    classes: bool = False
    outputs_per_target: int = 1
    values = ()
    link = None
    takes_scores = True
    off = 0.0

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ValueError(f"Custom: function must be callable, function(Z, Y) -> (losses, dZ); got {self.function!r}")
        validation.check_flag("Custom: classes", self.classes)
        validation.check_integer("Custom: outputs_per_target", self.outputs_per_target, 1)

    @property
    def of_classes(self) -> bool:
        return self.classes

    def evaluate(self, Z: Array, Y: Array, sample_weight: Array | None, scale: float, dZ: Array) -> float:
        """Fill dZ with the gradient of the weighted losses times scale; returns their sum. Called by the core.

        Raises
        ------
        ValueError, TypeError
            If the function returns something else than it should.
        """
        losses, given = validation.check_own_loss(self.function(Z, Y), Z.shape)
        if losses.ndim == 0:
            if sample_weight is not None:
                raise ValueError("a custom loss that returns one number cannot be weighted: let it return one for each sample")
            dZ[:] = given * (len(Z) * scale)
            return float(losses) * len(Z)
        weight = np.ones(len(Z)) if sample_weight is None else sample_weight.astype(np.float64)
        dZ[:] = given * (scale * weight)[:, None]
        return float(losses @ weight)


BY_NAME = {
    loss.name: loss
    for loss in (
        SquaredError,
        AbsoluteError,
        Huber,
        LogCosh,
        Quantile,
        Poisson,
        Gamma,
        Gaussian,
        LogLoss,
        CrossEntropy,
        Perceptron,
    )
}


def resolve(loss: str | Loss) -> Loss:
    """The loss meant: itself, the named one with its defaults, or `Custom` of a function."""
    if isinstance(loss, Loss) and type(loss) is not Loss:
        return loss
    validation.check_no_class("loss", loss)
    if callable(loss):
        return Custom(loss)
    return BY_NAME[validation.check_name("loss", loss, BY_NAME)]()
