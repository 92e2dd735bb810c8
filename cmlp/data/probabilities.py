"""Probabilities of classes and labels, and their logarithms, from logits: neither loses a small one to rounding."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp.data.targets import Targets
from cmlp.losses import Loss

Array = NDArray[Any]


def check(given: bool, task: str, loss: Loss) -> None:
    """Raise if outputs are not probabilities.

    Raises
    ------
    ValueError
    """
    if not given or task == "regression":
        raise ValueError(f"a network with loss {loss.name!r} gives no probabilities: use loss='log_loss' or 'cross_entropy'")


def of(logits: Array, meaning: Targets, output: str) -> Array:
    """A column for each class or label; rows of classes sum to 1, so a single class has probability 1.

    Parameters
    ----------
    logits : ndarray (n_samples, n_outputs)
        Z of the last layer.
    meaning : Targets
    output : {"sigmoid", "softmax"}
        Its activation.
    """
    if _is_certain(meaning):
        return np.ones((len(logits), 1), logits.dtype)
    if output == "softmax":
        return _softmax(logits)
    if meaning.task == "multilabel":
        return _sigmoid(logits)
    if logits.shape[1] == 1:
        return _sigmoid(_both(logits))
    return _softmax(_log_sigmoid(logits))


def logs(logits: Array, meaning: Targets, output: str) -> Array:
    """The natural logarithms of what `of` returns, exact where a probability rounds to 0 or 1."""
    if _is_certain(meaning):
        return np.zeros((len(logits), 1), logits.dtype)
    if output == "softmax":
        return _log_softmax(logits)
    if meaning.task == "multilabel":
        return _log_sigmoid(logits)
    if logits.shape[1] == 1:
        return _log_sigmoid(_both(logits))
    return _log_softmax(_log_sigmoid(logits))


def _is_certain(meaning: Targets) -> bool:
    """Whether there is a single class."""
    return meaning.classes is not None and len(meaning.classes) == 1


def _both(logits: Array) -> Array:
    """Logits of two classes from those of the second."""
    Z = np.empty((len(logits), 2), logits.dtype)
    np.negative(logits, out=Z[:, :1])
    Z[:, 1:] = logits
    return Z


def _sigmoid(Z: Array) -> Array:
    """1 / (1 + e^-Z), of Z and of -Z each by itself: a small one is not 1 less the other."""
    P = np.negative(Z)
    with np.errstate(over="ignore"):  # to 0
        np.exp(P, out=P)
    P += 1
    return np.divide(1, P, out=P)


def _log_sigmoid(Z: Array) -> Array:
    return np.minimum(Z, 0) - np.log1p(np.exp(-np.abs(Z)))


def _softmax(Z: Array) -> Array:
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    E /= E.sum(axis=1, keepdims=True)
    return E


def _log_softmax(Z: Array) -> Array:
    below = Z - Z.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))
