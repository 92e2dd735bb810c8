"""Optimizers: frozen sets of hyper-parameters. The arithmetic is compiled (``src_pyx/cmlp/_optimizers.pyx``), its equations
are in `cmlp.reference.optimizers`, and the memory belongs to the network that is trained.

In order of increasing complexity.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from cmlp import registry, schedules, validation
from cmlp.layers import Array
from cmlp.schedules import Value, is_scheduled


@dataclass(frozen=True)
class Optimizer:
    """What all optimizers have.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        Length of a step; at least 0. It, and any other hyper-parameter, may be a `cmlp.schedules.Schedule` or a function of
        the step, 0, 1, ... of the call of fit.

    Raises
    ------
    ValueError
        If a hyper-parameter is negative, not finite, or out of its range.
    """

    name: ClassVar[str]
    learning_rate: Value = 0.001

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "learning_rate":
                schedules.refuse_plateau(f"{type(self).__name__}: {field.name}", value)
            if not is_scheduled(value):
                validation.check_hyper_parameter(type(self).__name__, field.name, value)

    def table(self, first: int, n: int, steps_per_epoch: int, n_epochs: int) -> Array:
        """The hyper-parameters, (n, n_hyper), for the steps first, first + 1, ... of a call of fit; one row if constant.

        In the order that the compiled kernel registered.

        Raises
        ------
        ValueError
            If a schedule leaves the range of its hyper-parameter.
        """
        names = registry.optimizers[self.name].hyper
        given = [getattr(self, name) for name in names]
        if not any(map(is_scheduled, given)):
            return np.array([given], dtype=np.float64)
        columns = [schedules.resolve(value).values(first, n, steps_per_epoch, n_epochs) for value in given]
        values = np.stack(columns, axis=1)
        for column, name in enumerate(names):
            for extreme in (values[:, column].min(), values[:, column].max()):
                validation.check_hyper_parameter(type(self).__name__, name, float(extreme))
        return values

    def learning_rates(self, steps: Sequence[int], steps_per_epoch: int, n_epochs: int) -> list[float]:
        """In these steps of a call of fit."""
        if isinstance(self.learning_rate, (int, float)):
            return [float(self.learning_rate)] * len(steps)
        schedule = schedules.resolve(self.learning_rate)
        return [float(schedule.values(step, 1, steps_per_epoch, n_epochs)[0]) for step in steps]


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
    learning_rate: Value = 0.01
    momentum: Value = 0.9


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
    learning_rate: Value = 0.01
    epsilon: Value = 1e-10


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps in the units of the parameters, from running means of squared gradients and squared steps (Zeiler 2012).

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
    learning_rate: Value = 1.0
    rho: Value = 0.9
    epsilon: Value = 1e-6


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
    learning_rate: Value = 0.001
    beta_1: Value = 0.9
    beta_2: Value = 0.999
    epsilon: Value = 1e-8


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019): ``learning_rate weight_decay W`` off at each update.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon : float
        As Adam's, whose memory it shares.
    weight_decay : float, Schedule or callable, default 0.01
        Of weights, not of biases; see `cmlp.Penalty` for more.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.AdamW(weight_decay=0.1).weight_decay
    0.1
    """

    weight_decay: Value = 0.01


@dataclass(frozen=True)
class AMSGrad(Adam):
    """Adam with the highest v so far, so that steps never grow again (Reddi, Kale and Kumar, ICLR 2018).

    Parameters as Adam's.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.AMSGrad(0.01).learning_rate
    0.01
    """

    name = "amsgrad"


@dataclass(frozen=True)
class NAdam(Adam):
    """Adam with Nesterov's momentum (Dozat, ICLR workshop 2016).

    Parameters
    ----------
    learning_rate : float, default 0.002
    beta_1, beta_2, epsilon : float
        As Adam's.
    momentum_decay : float, default 0.004
        How fast the momentum grows from half of beta_1 to beta_1.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.NAdam().momentum_decay
    0.004
    """

    name = "nadam"
    learning_rate: Value = 0.002
    momentum_decay: Value = 0.004


@dataclass(frozen=True)
class RAdam(Adam):
    """Adam that warms up by itself (Liu et al., ICLR 2020). Parameters as Adam's.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.RAdam(0.01).learning_rate
    0.01
    """

    name = "radam"


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
    learning_rate: Value = 0.0001
    beta_1: Value = 0.9
    beta_2: Value = 0.99


@dataclass(frozen=True)
class Rprop(Optimizer):
    """Each parameter's step grows while its gradient keeps its sign, and shrinks when it changes.

    iRprop- (Igel and Hüsken 2000). It needs whole gradients: batch_size=None.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The first step.
    grow, shrink : float, default 1.2, 0.5
    least, most : float, default 1e-6, 50
        Between which steps stay.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Rprop().grow
    1.2
    """

    name = "rprop"
    learning_rate: Value = 0.01
    grow: Value = 1.2
    shrink: Value = 0.5
    least: Value = 1e-6
    most: Value = 50.0


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS on all samples at once (Liu and Nocedal 1989), by scipy.optimize.

    For small networks and few samples. An epoch is an iteration, batch_size must be None. It has no learning rate, and of
    penalties it knows l2 alone. What it remembers is forgotten after a call of fit.

    Parameters
    ----------
    memory : int, default 10
        Pairs of steps and gradient changes that stand for the Hessian.
    gradient_tol : float, default 1e-5
        It ends where no number of the gradient is larger.
    max_evaluations : int, optional
        Of the cost and its gradient; 20 times the epochs unless given.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.logic("xor")
    >>> net = cmlp.Network([2, 8, 1], "tanh", "log_loss", dtype="float64")
    >>> history = net.fit(X, y, optimizer=cmlp.LBFGS(), batch_size=None, epochs=100)
    >>> net.predict(X).tolist(), history.stopped
    ([0, 1, 1, 0], 'converged')
    """

    memory: int = 10
    gradient_tol: float = 1e-5
    max_evaluations: int | None = None

    def __post_init__(self) -> None:
        validation.check_integer("LBFGS: memory", self.memory, 1)
        validation.check_number("LBFGS: gradient_tol", self.gradient_tol, least=0)
        if self.max_evaluations is not None:
            validation.check_integer("LBFGS: max_evaluations", self.max_evaluations, 1)


CLASSES = (SGD, Momentum, Nesterov, RMSprop, Adagrad, Adadelta, Adam, AMSGrad, NAdam, RAdam, Lion, Rprop)
BY_NAME = {kind.name: kind for kind in CLASSES} | {"adamw": AdamW, "lbfgs": LBFGS}


def resolve(optimizer: "str | Optimizer | LBFGS") -> "Optimizer | LBFGS":
    """An optimizer itself, or by name with its defaults."""
    validation.check_no_class("optimizer", optimizer)
    if isinstance(optimizer, LBFGS):
        return optimizer
    if isinstance(optimizer, Optimizer):
        validation.check_name("optimizer", getattr(optimizer, "name", type(optimizer).__name__), registry.optimizers)
        return optimizer
    return BY_NAME[validation.check_name("optimizer", optimizer, BY_NAME)]()
