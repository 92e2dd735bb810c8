"""How good predictions are: accuracy for classification and multilabel, R2 for regression."""

import numpy as np

from cmlp.data.targets import Targets
from cmlp.layers import Array


def score(y: Array, predicted: Array, meaning: Targets, weight: Array | None) -> float:
    """Accuracy, or R2.

    Parameters
    ----------
    y, predicted : ndarray (n_samples,) or (n_samples, n_outputs)
        Matrices of one-hot rows are read as the classes they name.
    meaning : Targets
    weight : ndarray (n_samples,) or None
    """
    if meaning.task == "regression":
        return r2(y.reshape(predicted.shape), predicted, weight)
    if meaning.task == "classification" and y.ndim == 2:
        assert meaning.classes is not None
        y = meaning.classes[y.argmax(axis=1)] if y.shape[1] > 1 else y[:, 0]
    return accuracy(y, predicted, weight)


def accuracy(y: Array, predicted: Array, weight: Array | None) -> float:
    """The share of samples that are right; with multilabel, all labels of the sample must be."""
    right = predicted == y
    return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=weight))


def r2(y: Array, predicted: Array, weight: Array | None) -> float:
    """1 - residual / total sum of squares, averaged over the outputs; a constant y gives 1 if it is met exactly, else 0."""
    y, predicted = (np.ascontiguousarray(values, dtype=np.float64) for values in (y, predicted))
    if y.ndim == 1:
        y, predicted = y[:, None], predicted[:, None]
    w = np.ones((len(y), 1)) if weight is None else weight[:, None]
    y, predicted, w = (values[w[:, 0] > 0] for values in (y, predicted, w))
    residual = (w * (y - predicted) ** 2).sum(axis=0)
    total = (w * (y - (w * y).sum(axis=0) / w.sum()) ** 2).sum(axis=0)
    constant = (y == y[0]).all(axis=0) | (total == 0)  # the mean is rounded, so total need not be 0
    scores = np.where(constant, residual == 0, 1 - residual / np.where(constant, 1, total))
    return float(scores.mean())


def confusion(codes: Array, predicted: Array, n_classes: int) -> Array:
    """Counts (n_classes, n_classes): samples of the row's class that were taken for the column's."""
    return np.bincount(codes * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
