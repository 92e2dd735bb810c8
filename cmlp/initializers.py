"""Initializers of weights and biases, drawn from a NumPy Generator.

An initializer is called with the array to fill and the layer's fan_in and fan_out. Draws are made in float64 whatever the
network's dtype, so a seed gives the same weights, rounded, in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cmlp import validation
from cmlp.validation import Checks, Hyperparameters


@dataclass(frozen=True)
class Initializer(Hyperparameters):
    """Fills an array; its fields are numbers that say with what."""

    name: ClassVar[str]

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        raise TypeError(f"{type(self).__name__} fills nothing: use one of its subclasses")


@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0: right for biases; for weights it leaves the units of a layer equal for ever (shown in the walkthrough)."""

    name = "zeros"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = 0


@dataclass(frozen=True)
class Constant(Initializer):
    """All ``value``: for weights, as symmetric as zeros."""

    name = "constant"

    value: float = 0.0

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = self.value


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform in [-limit, limit]."""

    name = "uniform"
    checks: ClassVar[Checks] = {"limit": validation.check_non_negative}

    limit: float = 0.05

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = rng.uniform(-self.limit, self.limit, out.shape)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with mean 0 and standard deviation ``std``; 0.01 is that of Ng's course."""

    name = "normal"
    checks: ClassVar[Checks] = {"std": validation.check_non_negative}

    std: float = 0.01

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = self.std * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class Xavier(Initializer):
    """Normal with standard deviation gain / sqrt(fan_in): with gain 1, what the texts of the field first call Xavier.

    It keeps the spread of Z from layer to layer where f'(0) = 1, as that of tanh. For sigmoid, f'(0) = 1/4: gain 4.
    """

    name = "xavier"
    checks: ClassVar[Checks] = {"gain": validation.check_non_negative}

    gain: float = 1.0

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = self.gain * np.sqrt(1 / fan_in) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010, equation 16)."""

    name = "glorot_uniform"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        limit = np.sqrt(6 / (fan_in + fan_out))
        out[...] = rng.uniform(-limit, limit, out.shape)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """Normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010, equation 12)."""

    name = "glorot_normal"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = np.sqrt(2 / (fan_in + fan_out)) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class He(Initializer):
    """Normal with variance 2 / fan_in (He, Zhang, Ren and Sun, ICCV 2015, equation 10): for relu and its kin."""

    name = "he"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        out[...] = np.sqrt(2 / fan_in) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class LeCun(Initializer):
    """Uniform with variance 1 / fan_in (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, equation 16)."""

    name = "lecun"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        limit = np.sqrt(3 / fan_in)
        out[...] = rng.uniform(-limit, limit, out.shape)


@dataclass(frozen=True)
class Sine(Initializer):
    """Uniform in +-sqrt(6 / fan_in) (Sitzmann et al., NeurIPS 2020, section 3.2): for sine, at frequency 1."""

    name = "sine"

    def __call__(self, out: NDArray[Any], fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        limit = np.sqrt(6 / fan_in)
        out[...] = rng.uniform(-limit, limit, out.shape)


Initial = str | Initializer | NDArray[Any]

CLASSES = (Zeros, Constant, Uniform, Normal, Xavier, GlorotUniform, GlorotNormal, He, LeCun, Sine)
BY_NAME: dict[str, type[Initializer]] = {kind.name: kind for kind in CLASSES}


def resolve(name: str, init: Any, defaults: Sequence[Initializer]) -> list[Any]:
    """One initializer, or given array, for each layer.

    Parameters
    ----------
    name : {"init", "bias_init"}
        What is being resolved: weights or biases.
    init : None, str, Initializer, or a sequence (n_layers,) of these or of arrays
        None takes the default.
    defaults : sequence of Initializer (n_layers,)
    """
    one_each = list(init) if isinstance(init, (list, tuple)) else [init] * len(defaults)
    validation.check_one_each(name, one_each, len(defaults), "layer")
    return [default if item is None else resolve_one(name, item) for item, default in zip(one_each, defaults)]


def resolve_one(name: str, init: Any) -> Any:
    """An initializer itself, the named one with its defaults, or an array."""
    if isinstance(init, str):
        return BY_NAME[validation.check_name(name, init, BY_NAME)]()
    validation.check_instance(name, init)
    return init if isinstance(init, Initializer) else np.asarray(init)


def fill(out: NDArray[Any], initializer: Any, fan_in: int, fan_out: int, rng: np.random.Generator, name: str) -> None:
    """Fill W or b of one layer, by an initializer or from a given array."""
    with np.errstate(over="ignore"):
        if isinstance(initializer, Initializer):
            try:
                initializer(out, fan_in, fan_out, rng)
            except OverflowError as error:
                raise ValueError(f"{name} cannot be drawn by {initializer}: {error}") from None
        else:
            out[...] = validation.check_given(initializer, out.shape, name)
    validation.check_initial(out, name)
