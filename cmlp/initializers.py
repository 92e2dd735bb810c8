"""Initial weights and biases, drawn from a NumPy Generator.

An initialiser is called with the array to fill and the layer's fan_in and fan_out. Draws are made in float64 whatever the
network's dtype, so a seed gives the same weights, rounded, in both.
"""

from dataclasses import dataclass, fields

import numpy as np

from cmlp import validation


@dataclass(frozen=True)
class Initializer:
    """Fills an array; its fields are numbers that say with what."""

    def __post_init__(self) -> None:
        for field in fields(self):
            validation.check_initial_value(type(self).__name__, field.name, getattr(self, field.name))

    def __call__(self, out, fan_in: int, fan_out: int, rng: np.random.Generator) -> None:
        raise TypeError(f"{type(self).__name__} fills nothing: use one of its subclasses")


@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0: right for biases; for weights it leaves the units of a layer equal for ever (shown in the walkthrough)."""

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = 0


@dataclass(frozen=True)
class Constant(Initializer):
    """All ``value``: for weights, as symmetric as zeros."""

    value: float = 0.0

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = self.value


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform in [-limit, limit]."""

    limit: float = 0.05

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = rng.uniform(-self.limit, self.limit, out.shape)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with mean 0 and standard deviation ``std``; 0.01 is that of Ng's course."""

    std: float = 0.01

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = self.std * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class Xavier(Initializer):
    """Normal with standard deviation gain / sqrt(fan_in): with gain 1, what the texts of the field first call Xavier.

    It keeps the spread of Z from layer to layer where f'(0) = 1, as that of tanh. For sigmoid, f'(0) = 1/4: gain 4.
    """

    gain: float = 1.0

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = self.gain * np.sqrt(1 / fan_in) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010, equation 16)."""

    def __call__(self, out, fan_in, fan_out, rng):
        limit = np.sqrt(6 / (fan_in + fan_out))
        out[...] = rng.uniform(-limit, limit, out.shape)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """Normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010, equation 12)."""

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = np.sqrt(2 / (fan_in + fan_out)) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class He(Initializer):
    """Normal with variance 2 / fan_in (He, Zhang, Ren and Sun, ICCV 2015, equation 10): for relu and its kin."""

    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = np.sqrt(2 / fan_in) * rng.standard_normal(out.shape)


@dataclass(frozen=True)
class LeCun(Initializer):
    """Uniform with variance 1 / fan_in (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, equation 16)."""

    def __call__(self, out, fan_in, fan_out, rng):
        limit = np.sqrt(3 / fan_in)
        out[...] = rng.uniform(-limit, limit, out.shape)


@dataclass(frozen=True)
class Sine(Initializer):
    """Uniform in +-sqrt(6 / fan_in) (Sitzmann et al., NeurIPS 2020, section 3.2): for sine, at frequency 1."""

    def __call__(self, out, fan_in, fan_out, rng):
        limit = np.sqrt(6 / fan_in)
        out[...] = rng.uniform(-limit, limit, out.shape)


BY_NAME = {
    "zeros": Zeros,
    "constant": Constant,
    "uniform": Uniform,
    "normal": Normal,
    "xavier": Xavier,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he": He,
    "lecun": LeCun,
    "sine": Sine,
}

RECTIFIERS = ("relu", "leaky_relu", "prelu", "relu6", "elu", "softplus", "gelu", "gelu_tanh", "silu", "mish")
DEFAULTS = {"selu": Xavier, "sine": Sine} | dict.fromkeys(RECTIFIERS, He)


def default_for(activation: str) -> Initializer:
    """He in front of rectifiers and their smooth kin, variance 1 / fan_in in front of selu, Glorot's uniform else."""
    return DEFAULTS.get(activation, GlorotUniform)()


def resolve(name: str, init, activations: list[str]) -> list:
    """One initialiser, or given array, for each layer.

    Parameters
    ----------
    name : {"init", "bias_init"}
        What is being resolved: weights or biases.
    init : None, str, Initializer, or a sequence (n_layers,) of these or of arrays
        None takes the default: for weights by the layer's activation, for biases zeros.
    activations : list of str (n_layers,)
    """
    one_each = list(init) if isinstance(init, (list, tuple)) else [init] * len(activations)
    validation.check_one_each(name, one_each, len(activations), "layer")
    resolved = []
    for item, activation in zip(one_each, activations):
        if item is None:
            item = default_for(activation) if name == "init" else Zeros()
        elif isinstance(item, str):
            item = BY_NAME[validation.check_name("initialiser", item, BY_NAME)]()
        elif not isinstance(item, Initializer):
            item = np.asarray(item)
        resolved.append(item)
    return resolved


def resolve_both(init, bias_init, activations: list[str]) -> tuple[list, list]:
    """How all W and all b begin."""
    return resolve("init", init, activations), resolve("bias_init", bias_init, activations)


def fill(out, initializer, fan_in: int, fan_out: int, rng: np.random.Generator, name: str) -> None:
    """Fill W or b of one layer, by an initialiser or from a given array."""
    with np.errstate(over="ignore"):
        if isinstance(initializer, Initializer):
            try:
                initializer(out, fan_in, fan_out, rng)
            except OverflowError as error:
                raise ValueError(f"{name} cannot be drawn by {initializer}: {error}") from None
        else:
            out[...] = validation.check_given(initializer, out.shape, name)
    validation.check_initial(out, name)
