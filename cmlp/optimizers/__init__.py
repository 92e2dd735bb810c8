"""Optimizers: frozen sets of hyperparameters. The arithmetic is compiled (``src_pyx/cmlp/_optimizers.pyx``), its equations
are in `cmlp.reference.optimizers`, and the optimizer state belongs to the network that is trained.
"""

from cmlp import validation
from cmlp.optimizers.adam import Adam, AdamW, AMSGrad, NAdam, RAdam
from cmlp.optimizers.base import Optimizer
from cmlp.optimizers.first_order import SGD, Adadelta, Adagrad, Lion, Momentum, Nesterov, RMSprop, Rprop
from cmlp.optimizers.lbfgs import LBFGS
from cmlp.runtime import registry

__all__ = [
    "BY_NAME",
    "CLASSES",
    "LBFGS",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "resolve",
]

CLASSES = (SGD, Momentum, Nesterov, RMSprop, Adagrad, Adadelta, Adam, AMSGrad, NAdam, RAdam, Lion, Rprop)
BY_NAME: dict[str, type[Optimizer] | type[LBFGS]] = {kind.name: kind for kind in CLASSES}
BY_NAME |= {"adamw": AdamW, "lbfgs": LBFGS}


def resolve(optimizer: str | Optimizer | LBFGS) -> Optimizer | LBFGS:
    """An optimizer itself, or by name with its defaults.

    Raises
    ------
    TypeError, ValueError
    """
    validation.check_instance("optimizer", optimizer)
    if isinstance(optimizer, LBFGS):
        return optimizer
    if isinstance(optimizer, Optimizer):
        validation.check_name("optimizer", getattr(optimizer, "name", type(optimizer).__name__), registry.optimizers)
        return optimizer
    return BY_NAME[validation.check_name("optimizer", optimizer, BY_NAME)]()
