"""Activation functions. The arithmetic is compiled (``src_pyx/cmlp/_activations*.pyx``), its equations are in
`cmlp.reference.activations`.

A network takes a name, for the defaults, or an instance of one of these classes: ``activation="elu"``,
``activation=cmlp.activations.ELU(0.5)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from numbers import Real
from typing import Any, ClassVar

from cmlp import validation
from cmlp.initializers import GlorotUniform, He, Initializer, Xavier
from cmlp.initializers import Sine as SineInitializer
from cmlp.runtime import registry
from cmlp.validation import Checks, Hyperparameters


@dataclass(frozen=True)
class Activation(Hyperparameters):
    """What all activations have.

    Attributes
    ----------
    name : str
        By which a network takes it.
    range : (float, float)
        The least and the largest value, or their limits.
    kinks : tuple of float
        Where the derivative jumps.
    initializer : type of Initializer
        The default one of the weights in front of it.
    hidden : bool
        Whether it can be the activation of a hidden layer; else it is an output function only.
    probability : bool
        Whether its values can be read as probabilities.
    saturates : bool
        Whether its derivative vanishes towards both ends of its range.
    can_die : bool
        Whether its derivative is 0 wherever Z < 0, so that a unit may stop learning.
    """

    name: ClassVar[str]
    range: ClassVar[tuple[float, float]] = (-inf, inf)
    kinks: ClassVar[tuple[float, ...]] = ()
    initializer: ClassVar[type[Initializer]] = GlorotUniform
    hidden: ClassVar[bool] = True
    probability: ClassVar[bool] = False
    saturates: ClassVar[bool] = False
    can_die: ClassVar[bool] = False

    @property
    def parameter(self) -> float:
        """What it depends on besides Z; 0 where on nothing."""
        return 0.0

    @property
    def learned(self) -> bool:
        """Whether it has a slope for each unit that is trained."""
        return registry.activations[self.name].learned


class Identity(Activation):
    """``A = Z``."""

    name = "identity"


class Sign(Activation):
    """+1 where Z >= 0, else -1: Rosenblatt's (1958). Its derivative is 0, so it is an output function only."""

    name = "sign"
    range = (-1, 1)
    kinks = (0.0,)
    hidden = False


class Sigmoid(Activation):
    """``1 / (1 + exp(-Z))``, the logistic function."""

    name = "sigmoid"
    range = (0, 1)
    saturates = True
    probability = True


class Tanh(Activation):
    """The hyperbolic tangent."""

    name = "tanh"
    range = (-1, 1)
    saturates = True


class ReLU(Activation):
    """``max(Z, 0)`` (Nair and Hinton, ICML 2010)."""

    name = "relu"
    range = (0, inf)
    can_die = True
    kinks = (0.0,)
    initializer = He


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """Z where Z > 0, else ``negative_slope Z`` (Maas, Hannun and Ng, ICML 2013).

    Parameters
    ----------
    negative_slope : float, default 0.01
        Above 0.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([2, 3, 1], cmlp.activations.LeakyReLU(0.2), "log_loss").layers[0].parameter
    0.2
    """

    name = "leaky_relu"
    kinks = (0.0,)
    initializer = He
    checks: ClassVar[Checks] = {"negative_slope": validation.check_positive}

    negative_slope: float = 0.01

    @property
    def parameter(self) -> float:
        return float(self.negative_slope)


@dataclass(frozen=True)
class PReLU(Activation):
    """LeakyReLU with a learned slope for each unit (He, Zhang, Ren and Sun, ICCV 2015).

    Parameters
    ----------
    init : float, default 0.25
        The slope that training starts from; above 0.
    """

    name = "prelu"
    kinks = (0.0,)
    initializer = He
    checks: ClassVar[Checks] = {"init": validation.check_positive}

    init: float = 0.25

    @property
    def parameter(self) -> float:
        return float(self.init)


@dataclass(frozen=True)
class ELU(Activation):
    """Z where Z > 0, else ``alpha (exp(Z) - 1)`` (Clevert, Unterthiner and Hochreiter, ICLR 2016).

    Parameters
    ----------
    alpha : float, default 1.0
        Above 0.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([2, 3, 3, 1], ["relu", cmlp.activations.ELU(0.5)], "log_loss").activations
    ['relu', 'elu', 'sigmoid']
    """

    name = "elu"
    initializer = He
    checks: ClassVar[Checks] = {"alpha": validation.check_positive}

    alpha: float = 1.0

    @property
    def range(self) -> tuple[float, float]:  # type: ignore[override]
        return -self.alpha, inf

    @property
    def kinks(self) -> tuple[float, ...]:  # type: ignore[override]
        return () if self.alpha == 1 else (0.0,)

    @property
    def parameter(self) -> float:
        return float(self.alpha)


class SELU(Activation):
    """A scaled ELU that keeps mean 0 and variance 1 from layer to layer (Klambauer et al., NeurIPS 2017)."""

    name = "selu"
    range = (-1.7580993408473766, inf)
    kinks = (0.0,)
    initializer = Xavier


class Softplus(Activation):
    """``log(1 + exp(Z))`` (Dugas et al., NeurIPS 2000)."""

    name = "softplus"
    range = (0, inf)
    initializer = He


class Softsign(Activation):
    """``Z / (1 + abs(Z))``."""

    name = "softsign"
    range = (-1, 1)
    saturates = True


class HardSigmoid(Activation):
    """``Z / 6 + 1/2``, clipped to [0, 1]."""

    name = "hard_sigmoid"
    range = (0, 1)
    saturates = True
    kinks = (-3.0, 3.0)


class HardTanh(Activation):
    """Z, clipped to [-1, 1]."""

    name = "hard_tanh"
    range = (-1, 1)
    saturates = True
    kinks = (-1.0, 1.0)


class ReLU6(Activation):
    """Z, clipped to [0, 6]."""

    name = "relu6"
    range = (0, 6)
    can_die = True
    kinks = (0.0, 6.0)
    initializer = He


class Exponential(Activation):
    """``exp(Z)``."""

    name = "exponential"
    range = (0, inf)


class GELU(Activation):
    """Z times the normal distribution function of Z (Hendrycks and Gimpel, 2016)."""

    name = "gelu"
    range = (-0.16997120747990369, inf)
    initializer = He


class GELUTanh(Activation):
    """GELU by its approximation with tanh."""

    name = "gelu_tanh"
    range = (-0.17004075057121573, inf)
    initializer = He


class SiLU(Activation):
    """``Z sigmoid(Z)``, also called swish (Elfwing, Uchibe and Doya, 2018)."""

    name = "silu"
    range = (-0.27846454276107380, inf)
    initializer = He


class Mish(Activation):
    """``Z tanh(log(1 + exp(Z)))`` (Misra, BMVC 2020)."""

    name = "mish"
    range = (-0.3088434130172443, inf)
    initializer = He


@dataclass(frozen=True)
class Sine(Activation):
    """``sin(frequency Z)`` (Sitzmann et al., NeurIPS 2020).

    Parameters
    ----------
    frequency : float, default 1.0
        Above 0.
    """

    name = "sine"
    range = (-1, 1)
    initializer = SineInitializer
    checks: ClassVar[Checks] = {"frequency": validation.check_positive}

    frequency: float = 1.0

    @property
    def parameter(self) -> float:
        return float(self.frequency)


class Softmax(Activation):
    """``exp(Z_j) / sum_k exp(Z_k)`` over the units of the layer."""

    name = "softmax"
    range = (0, 1)
    probability = True


class MeanVariance(Activation):
    """Pairs of units, a mean and the variance exp(Z); the output function of the gaussian loss, which sets it itself."""

    name = "mean_variance"
    hidden = False


CLASSES = (
    *(Identity, Sign, Sigmoid, Tanh, ReLU, LeakyReLU, PReLU, ELU, SELU, Softplus, Softsign, HardSigmoid, HardTanh, ReLU6),
    *(Exponential, GELU, GELUTanh, SiLU, Mish, Sine, Softmax, MeanVariance),
)
BY_NAME: dict[str, type[Activation]] = {kind.name: kind for kind in CLASSES}


def resolve(given: str | Activation, what: str = "activation") -> Activation:
    """The activation meant: itself, or the named one with its defaults.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(given, Activation) and type(given) is not Activation:
        return given
    validation.check_instance(what, given)
    if isinstance(given, tuple):
        raise TypeError(f"{what} must be a name or an instance such as cmlp.activations.LeakyReLU(0.2), got {given!r}")
    return BY_NAME[validation.check_name(what, given, BY_NAME)]()


def of_layer(name: str, parameter: float) -> Activation:
    """The activation of a layer, from its name and what it depends on."""
    kind = BY_NAME[name]
    return kind(parameter) if parameter else kind()  # type: ignore[call-arg]


def resolve_hidden(given: str | Activation | Sequence[str | Activation], n_hidden: int) -> list[Activation]:
    """One for each hidden layer, from one for all or one for each."""
    if isinstance(given, tuple) and any(isinstance(item, Real) for item in given):
        raise TypeError(f"activation must hold names or instances such as cmlp.activations.ELU(0.5), got {given!r}")
    several = isinstance(given, (list, tuple))
    each: list[Any] = list(given) if isinstance(given, (list, tuple)) else [given]
    if several:
        validation.check_one_each("activation", each, n_hidden, "hidden layer")
    resolved = [resolve(item) for item in each]
    for activation in resolved:
        if not activation.hidden:
            raise ValueError(f"activation must not be {activation.name!r}, which is an output function only: use 'tanh'")
    return resolved if several else resolved * n_hidden


def resolve_output(output: Any, loss: Any, n_outputs: int) -> Activation:
    """The output function: the loss's link, or the user's choice where the loss leaves it free."""
    loss.check_outputs(n_outputs)
    link = loss.link
    if output is None:
        return resolve(link or "identity")
    chosen = resolve(output, "output")
    if chosen.learned:
        raise ValueError(f"output must not be {chosen.name!r}: learned slopes belong to hidden layers; use 'leaky_relu'")
    if link is not None and chosen.name != link:
        free = [name for name in registry.losses if registry.losses[name].link is None]
        raise ValueError(
            f"output must be {link!r}, which loss {loss.name!r} sets itself, got {output!r}: leave it out, or use one "
            f"of the losses that leave it free ({', '.join(free)})"
        )
    if isinstance(chosen, MeanVariance) and link is None:
        raise ValueError("output 'mean_variance' belongs to loss='gaussian', which sets it itself: leave it out")
    return chosen
