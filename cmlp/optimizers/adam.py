"""Adam and what followed from it."""

from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation
from cmlp.optimizers.base import Optimizer
from cmlp.schedules import Value
from cmlp.validation import Checks


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
    checks: ClassVar[Checks] = {
        "beta_1": validation.check_share,
        "beta_2": validation.check_share,
        "epsilon": validation.check_positive,
    }

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
        As Adam's, whose state it shares.
    weight_decay : float, Schedule or callable, default 0.01
        Of weights, not of biases; see `cmlp.Regularization` for more.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.AdamW(weight_decay=0.1).weight_decay
    0.1
    """

    checks: ClassVar[Checks] = {"weight_decay": validation.check_non_negative}

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
    checks: ClassVar[Checks] = {"momentum_decay": validation.check_non_negative}

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
