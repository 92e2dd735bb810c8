"""Losses: frozen sets of hyperparameters. The arithmetic is compiled (``src_pyx/cmlp/_losses.pyx``), its equations are in
`cmlp.reference.losses`.

A network takes a name, for the defaults, or an instance of one of these classes. The cost is the mean over the samples of
weight times loss.
"""

from cmlp import validation
from cmlp.losses.base import TASKS, Domain, Loss, LossFunction, Task
from cmlp.losses.classification import CrossEntropy, LogLoss, Perceptron
from cmlp.losses.custom import Custom
from cmlp.losses.regression import AbsoluteError, Gamma, Gaussian, Huber, LogCosh, Poisson, Quantile, SquaredError

__all__ = [
    "BY_NAME",
    "CLASSES",
    "TASKS",
    "AbsoluteError",
    "CrossEntropy",
    "Custom",
    "Domain",
    "Gamma",
    "Gaussian",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "LossFunction",
    "Perceptron",
    "Poisson",
    "Quantile",
    "SquaredError",
    "Task",
    "resolve",
]

CLASSES: tuple[type[Loss], ...] = (
    *(SquaredError, AbsoluteError, Huber, LogCosh, Quantile, Poisson, Gamma, Gaussian),
    *(LogLoss, CrossEntropy, Perceptron),
)
BY_NAME: dict[str, type[Loss]] = {loss.name: loss for loss in CLASSES}


def resolve(loss: str | Loss | LossFunction) -> Loss:
    """The loss meant: itself, the named one with its defaults, or `Custom` of a function.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(loss, Loss) and type(loss) is not Loss:
        return loss
    validation.check_instance("loss", loss)
    if callable(loss):
        return Custom(loss)
    return BY_NAME[validation.check_name("loss", loss, BY_NAME)]()
