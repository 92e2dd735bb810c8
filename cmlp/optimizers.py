"""Optimizers: frozen sets of hyper-parameters. The arithmetic is compiled (``src_pyx/cmlp/_optimizers.pyx``), its equations
are in `cmlp.reference.optimizers`, and the memory belongs to the network that is trained.

In order of increasing complexity.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

from cmlp import registry, validation


@dataclass(frozen=True)
class Optimizer:
    """What all optimizers have.

    Parameters
    ----------
    learning_rate : float
        Length of a step; at least 0.

    Raises
    ------
    ValueError
        If a hyper-parameter is negative, not finite, or out of its range.
    """

    name: ClassVar[str]
    learning_rate: float = 0.001

    def __post_init__(self) -> None:
        for field in fields(self):
            validation.check_hyper_parameter(type(self).__name__, field.name, getattr(self, field.name))

    @property
    def hyper(self) -> tuple[float, ...]:
        """The hyper-parameters in the order that the compiled kernel registered."""
        return tuple(float(getattr(self, name)) for name in registry.optimizers[self.name].hyper)


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
    learning_rate: float = 0.01


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
    learning_rate: float = 0.01
    momentum: float = 0.9


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
    learning_rate: float = 0.01
    momentum: float = 0.9


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Each parameter's step divided by the root of a running mean of its squared gradient (Tieleman and Hinton 2012).

    ``mean_square = rho mean_square + (1 - rho) dtheta^2``;
    ``change = -learning_rate dtheta / (sqrt(mean_square) + epsilon)``

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho : float in [0, 1), default 0.9
    epsilon : float, default 1e-8

    Examples
    --------
    >>> import cmlp
    >>> cmlp.RMSprop()
    RMSprop(learning_rate=0.001, rho=0.9, epsilon=1e-08)
    """

    name = "rmsprop"
    learning_rate: float = 0.001
    rho: float = 0.9
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba, ICLR 2015, algorithm 1).

    ``m = beta_1 m + (1 - beta_1) dtheta;   v = beta_2 v + (1 - beta_2) dtheta^2``;
    ``change = -learning_rate m_hat / (sqrt(v_hat) + epsilon)`` with ``m_hat = m / (1 - beta_1^t)``,
    ``v_hat = v / (1 - beta_2^t)`` at update t.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float, default 1e-8

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Adam(3e-4).learning_rate
    0.0003
    """

    name = "adam"
    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


BY_NAME = {kind.name: kind for kind in (SGD, Momentum, Nesterov, RMSprop, Adam)}


def resolve(optimizer: "str | Optimizer") -> Optimizer:
    """An optimizer itself, or by name with its defaults."""
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise ValueError(f"optimizer is the class {optimizer.__name__}; give one of it, {optimizer.__name__}(), or its name")
    if isinstance(optimizer, Optimizer):
        validation.check_name("optimizer", getattr(optimizer, "name", type(optimizer).__name__), BY_NAME)
        return optimizer
    return BY_NAME[validation.check_name("optimizer", optimizer, BY_NAME)]()
