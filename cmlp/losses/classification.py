"""Losses of classification and multilabel."""

from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation
from cmlp.losses.base import Domain, Loss
from cmlp.validation import Checks


class LogLoss(Loss):
    """Binary cross-entropy of each output, which is the probability sigmoid(Z): two classes, or multilabel."""

    name = "log_loss"
    tasks = ("classification", "multilabel")
    domain = Domain(0, 1)
    probabilities = True


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Categorical cross-entropy: one class of several; the outputs are their probabilities, softmax(Z).

    Parameters
    ----------
    label_smoothing : float in [0, 1), default 0.0
        The targets become ``(1 - label_smoothing) Y + label_smoothing / n_classes`` (Szegedy et al. 2016).

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([4, 3], loss=cmlp.losses.CrossEntropy(label_smoothing=0.1)).loss_function
    CrossEntropy(label_smoothing=0.1)
    """

    name = "cross_entropy"
    tasks = ("classification",)
    domain = Domain(0, 1)
    probabilities = True
    exclusive = True
    checks: ClassVar[Checks] = {"label_smoothing": validation.check_share}

    label_smoothing: float = 0.0

    def check_outputs(self, n_outputs: int) -> None:
        if n_outputs == 1:
            raise ValueError(
                "loss 'cross_entropy' needs an output for each class, got a last layer of 1, whose softmax is always 1: use "
                "loss='log_loss' for two classes, 'squared_error' for regression, or a wider last layer"
            )


class Perceptron(Loss):
    """Rosenblatt's rule (1958); y is -1 or +1, and so is the output, sign(Z)."""

    name = "perceptron"
    tasks = ("classification", "multilabel")
    domain = Domain(-1, 1, only_ends=True)

    def codes_of_two(self) -> tuple[int, int]:
        return -1, 1
