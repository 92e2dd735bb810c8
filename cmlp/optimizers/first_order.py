"""Gradient descent, momentum, and steps adapted to each parameter, in order of increasing complexity."""

from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation
from cmlp.optimizers.base import Optimizer
from cmlp.schedules import Value
from cmlp.validation import Checks


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: ``change = -learning_rate dtheta``. Stochastic when the batch is less than all samples.

    Parameters
    ----------
    learning_rate : float, default 0.01

    Examples
    --------
    >>> import cmlp
    >>> cmlp.SGD(0.1)
    SGD(learning_rate=0.1)
    """

    name = "sgd"

    learning_rate: Value = 0.01


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Gradient descent with momentum (Polyak 1964).

    ``velocity = momentum velocity - learning_rate dtheta;   change = velocity``

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float in [0, 1), default 0.9

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Momentum(0.1)
    Momentum(learning_rate=0.1, momentum=0.9)
    """

    name = "momentum"
    checks: ClassVar[Checks] = {"momentum": validation.check_share}

    learning_rate: Value = 0.01
    momentum: Value = 0.9


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's momentum (Sutskever, Martens, Dahl and Hinton, ICML 2013).

    ``velocity = momentum velocity - learning_rate dtheta;   change = momentum velocity - learning_rate dtheta``

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float in [0, 1), default 0.9

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Nesterov(momentum=0.99)
    Nesterov(learning_rate=0.01, momentum=0.99)
    """

    name = "nesterov"
    checks: ClassVar[Checks] = {"momentum": validation.check_share}

    learning_rate: Value = 0.01
    momentum: Value = 0.9


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Each parameter's step divided by the root mean square of its recent gradients (Tieleman and Hinton 2012).

    ``mean_square = rho mean_square + (1 - rho) dtheta^2``;
    ``change = -learning_rate dtheta / (sqrt(mean_square) + epsilon)``

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho : float in [0, 1), default 0.9
    epsilon : float, default 1e-8
    momentum : float in [0, 1), default 0.0
        Of the quotients, where above 0.
    centered : bool, default False
        Divide by the root of the variance: the mean square less the squared mean (Graves 2013).

    Examples
    --------
    >>> import cmlp
    >>> cmlp.RMSprop()
    RMSprop(learning_rate=0.001, rho=0.9, epsilon=1e-08, momentum=0.0, centered=False)
    """

    name = "rmsprop"
    checks: ClassVar[Checks] = {
        "rho": validation.check_share,
        "epsilon": validation.check_positive,
        "momentum": validation.check_share,
    }

    learning_rate: Value = 0.001
    rho: Value = 0.9
    epsilon: Value = 1e-8
    momentum: Value = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        kernel = "rmsprop_centered" if self.centered else "rmsprop_momentum" if self.momentum else "rmsprop"
        object.__setattr__(self, "name", kernel)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Each parameter's step divided by the root of the sum of its squared gradients (Duchi, Hazan and Singer, JMLR 2011).

    Parameters
    ----------
    learning_rate : float, default 0.01
    epsilon : float, default 1e-10

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Adagrad(0.1)
    Adagrad(learning_rate=0.1, epsilon=1e-10)
    """

    name = "adagrad"
    checks: ClassVar[Checks] = {"epsilon": validation.check_positive}

    learning_rate: Value = 0.01
    epsilon: Value = 1e-10


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps in the units of the parameters, from moving averages of squared gradients and squared steps (Zeiler 2012).

    Parameters
    ----------
    learning_rate : float, default 1.0
    rho : float in [0, 1), default 0.9
    epsilon : float, default 1e-6

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Adadelta()
    Adadelta(learning_rate=1.0, rho=0.9, epsilon=1e-06)
    """

    name = "adadelta"
    checks: ClassVar[Checks] = {"rho": validation.check_share, "epsilon": validation.check_positive}

    learning_rate: Value = 1.0
    rho: Value = 0.9
    epsilon: Value = 1e-6


@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one length, by the sign of the momentum (Chen et al., NeurIPS 2023).

    Parameters
    ----------
    learning_rate : float, default 0.0001
        Three to ten times less than Adam's.
    beta_1, beta_2 : float in [0, 1), default 0.9, 0.99

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Lion()
    Lion(learning_rate=0.0001, beta_1=0.9, beta_2=0.99)
    """

    name = "lion"
    checks: ClassVar[Checks] = {"beta_1": validation.check_share, "beta_2": validation.check_share}

    learning_rate: Value = 0.0001
    beta_1: Value = 0.9
    beta_2: Value = 0.99


@dataclass(frozen=True)
class Rprop(Optimizer):
    """Each parameter's step grows while its gradient keeps its sign, and shrinks when it changes.

    iRprop- (Igel and Hüsken 2000). It needs the gradient of the full batch.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The first step.
    eta_plus, eta_minus : float, default 1.2, 0.5
        By which a step grows, above 1, and shrinks, in (0, 1).
    min_step, max_step : float, default 1e-6, 50
        Between which steps stay.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Rprop().eta_plus
    1.2
    """

    name = "rprop"
    needs_full_batch = True
    checks: ClassVar[Checks] = {
        "eta_plus": validation.check_above_one,
        "eta_minus": validation.check_inside_unit,
        "min_step": validation.check_non_negative,
        "max_step": validation.check_non_negative,
    }

    learning_rate: Value = 0.01
    eta_plus: Value = 1.2
    eta_minus: Value = 0.5
    min_step: Value = 1e-6
    max_step: Value = 50.0
