"""What y means: classes, several labels at once, or values; and the way from the network's outputs back to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import validation
from cmlp.losses import CLASS_LOSSES, Custom, Loss, Quantile

__all__ = ["CLASS_LOSSES", "Targets", "assumed", "decode", "encode", "initial", "middle", "restored", "weigh_classes"]

VALUE_LOSSES = ("quantile", "poisson", "gamma", "gaussian")  # which make no sense of one-hot rows
LEAST = {"poisson": "at least 0", "gamma": "above 0"}


@dataclass(frozen=True)
class Targets:
    """The meaning of y for a network.

    Attributes
    ----------
    task : str
        "classes", "labels" (a yes or no in each column) or "values".
    classes : ndarray or None
        For "classes", the labels, sorted, in the order of the outputs; one output stands for two.
    """

    task: str
    classes: NDArray[Any] | None = None


def initial(loss: Loss, n_targets: int, classes) -> Targets | None:
    """What is known before the first fit: something only if classes are given."""
    if classes is None:
        return None
    if loss.name in VALUE_LOSSES:
        raise ValueError(f"loss {loss.name!r} is for values: leave `classes` out, or take cross_entropy")
    labels = validation.as_array(classes, "classes")
    if labels.ndim == 1:
        validation.check_labels(labels, "classes")
    if labels.ndim != 1 or len(_different(labels, "classes")) != len(labels):
        raise ValueError(f"classes must be a list of different labels; got {classes!r}")
    labels = _different(labels, "classes")
    _check_number_of_classes(labels, n_targets)
    return Targets("classes", labels)


def restored(task: str, classes) -> Targets:
    """What a saved network takes y to mean."""
    validation.check_name("task", task, ("classes", "labels", "values"))
    if (task == "classes") != (classes is not None):
        raise ValueError(f"task {task!r} {'needs' if classes is None else 'has no'} classes")
    return Targets(task, classes)


def assumed(loss: Loss, n_outputs: int) -> Targets:
    """What an untrained network's outputs are taken to mean."""
    if loss.name == "cross_entropy" or (loss.of_classes and n_outputs == 1):
        return Targets("classes", np.array([-1, 1]) if loss.name == "perceptron" else np.arange(max(2, n_outputs)))
    return Targets("labels" if loss.of_classes else "values")


def encode(y, n_samples: int, loss: Loss, n_targets: int, known: Targets | None) -> tuple[NDArray[Any], Targets]:
    """y as the core takes it, and what it means.

    Parameters
    ----------
    y : array_like
        (n_samples,) labels or values, or (n_samples, n_targets) values, one-hot rows or several labels at once.
    known : Targets or None
        What y has meant so far; classes are fixed by it.

    Returns
    -------
    Y : ndarray
        (n_samples,) class codes (intp), or (n_samples, n_targets) numbers: the caller's array, where it is one.
    targets : Targets
    """
    y = validation.as_array(y, "y")
    if y.ndim:
        validation.check_length(y, n_samples, "y")
    if y.ndim == 2 and y.shape[1] == 1 and n_targets == 1:
        y = y[:, 0]
    if y.ndim == 1:
        if loss.name in VALUE_LOSSES and n_targets > 1:
            raise ValueError(f"loss {loss.name!r} takes values: y must have shape (n_samples, {n_targets}); got {y.shape}")
        has_classes = known is not None and known.task == "classes"
        if n_targets > 1 or loss.of_classes or has_classes:
            meaning = known if known is not None and has_classes else Targets("classes", _find_classes(y, loss.name, n_targets))
            return _codes(y, meaning.classes), meaning
        return _values(y[:, None], loss.name), known or Targets("values")
    if y.ndim != 2 or y.shape[1] != n_targets:
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, {n_targets}); got {y.shape}")
    Y = _values(y, loss.name)
    if loss.of_classes:
        _check_rows(Y, loss.name)
    return Y, known or assumed(loss, n_targets)


def decode(outputs: NDArray[Any], targets: Targets, loss: Loss) -> NDArray[Any]:
    """Labels from the scores of the last layer (its Z where the loss has a link, else its A); values from its outputs."""
    if targets.task == "values":
        first_alone = loss.name == "gaussian" or isinstance(loss, Custom)
        outputs = outputs[:, :: loss.outputs_per_target] if first_alone else outputs
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    yes = outputs >= (0 if loss.takes_scores else 0.5)
    if targets.task == "labels":
        return np.where(yes, 1, int(loss.off))
    assert targets.classes is not None
    codes = yes[:, 0].astype(np.intp) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
    return targets.classes[codes]


def weigh_classes(class_weight, Y: NDArray[Any], meaning: Targets, sample_weight) -> NDArray[Any]:
    """sample_weight times the weight of each sample's class: given by label; if "balanced", n / (n_classes n_of_the_class)."""
    if meaning.classes is None or Y.ndim != 1:
        raise ValueError("class_weight needs y as a vector of classes")
    n_classes = len(meaning.classes)
    if isinstance(class_weight, str) and class_weight == "balanced":
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        counts = np.bincount(Y, weight, minlength=n_classes)
        factors = counts.sum() / (n_classes * np.maximum(counts, np.finfo(float).tiny))
        factors[counts == 0] = 0
    elif isinstance(class_weight, Mapping):
        labels = meaning.classes.tolist()
        unknown = [label for label in class_weight if label not in labels]
        if unknown:
            raise ValueError(f"class_weight names {unknown[0]!r}, which is no class; the classes are {labels[:10]}")
        factors = np.array([validation.check_number(f"class_weight[{k!r}]", class_weight.get(k, 1), least=0) for k in labels])
    else:
        raise ValueError(f"class_weight must be 'balanced', a dict of label to weight, or None; got {class_weight!r}")
    return factors[Y] * (1 if sample_weight is None else np.asarray(sample_weight))


def middle(predicted: NDArray[Any], loss: Loss) -> NDArray[Any]:
    """What a score compares with y: of several quantiles, the one nearest to one half."""
    if not isinstance(loss, Quantile) or predicted.ndim == 1:
        return predicted
    nearest = int(np.argmin(np.abs(np.array(loss.each) - 0.5)))
    chosen = predicted[:, nearest :: len(loss.each)]
    return chosen[:, 0] if chosen.shape[1] == 1 else chosen


def _values(y, loss: str):
    if y.dtype.kind not in "biuf":
        raise TypeError(
            f"y must hold real numbers here; got dtype {y.dtype}: labels are taken as a vector (n_samples,) by networks with "
            "several outputs, and with one output by log_loss and perceptron"
        )
    if loss in LEAST:
        wrong = np.argwhere(y <= 0 if loss == "gamma" else y < 0)
        if len(wrong):
            i, j = wrong[0]
            raise ValueError(f"y[{i}, {j}] is {y[i, j]}; with {loss} it must be {LEAST[loss]}: shift it, or take squared_error")
    return y


def _find_classes(y, loss: str, n_outputs: int):
    """The classes of a first y: the usual ones, 0 .. k-1, False and True, for one perceptron -1 and 1, if y has no others;
    else the labels that occur."""
    if y.dtype.kind == "f":
        _check_whole(y)
    validation.check_labels(y, "y")
    n_classes = max(2, n_outputs)
    if y.dtype.kind == "b" and n_classes == 2:
        return np.array([False, True])
    if y.dtype.kind in "iuf":
        least, most = y.min(), y.max()
        if loss == "perceptron" and n_outputs == 1 and least >= -1 and most <= 1 and y.all():
            return np.array([-1, 1], dtype=int if y.dtype.kind == "u" else y.dtype)
        if least >= 0 and most < n_classes:
            return np.arange(n_classes).astype(y.dtype)
    labels = _different(y, "y")
    _check_number_of_classes(labels, n_outputs)
    return labels


def _different(labels, name: str):
    """The labels that occur, sorted."""
    try:
        return np.unique(labels)
    except TypeError:
        raise TypeError(
            f"{name} mixes labels that cannot be compared, such as text and numbers: make them of one kind"
        ) from None


def _check_whole(y) -> None:
    wrong = np.flatnonzero(~(np.isfinite(y) & (y == np.floor(y))))
    if len(wrong):
        raise ValueError(
            f"y[{wrong[0]}] is {y[wrong[0]]}, which names no class: a vector y means classes here, whole numbers or text; "
            "values are a matrix (n_samples, n_outputs), or one output with squared_error"
        )


def _check_number_of_classes(labels, n_outputs: int) -> None:
    if len(labels) != max(2, n_outputs):
        shown = ", ".join(map(str, labels[:6])) + (", ..." if len(labels) > 6 else "")
        raise ValueError(
            f"there are {len(labels)} classes ({shown}) for a last layer of {n_outputs}, which takes {max(2, n_outputs)}: "
            "change its size, or give `classes` if some do not occur in y"
        )


def _codes(y, classes):
    """The place of every label among the classes."""
    if y.dtype.kind == "O":
        validation.check_labels(y, "y")
    whole = y.dtype.kind in "iu" and classes.dtype.kind in "iu"
    try:
        codes = np.searchsorted(
            classes, y.astype(classes.dtype, copy=False) if whole else y
        )  # int64 and uint64 meet in float64
        unseen = np.flatnonzero(classes[np.minimum(codes, len(classes) - 1)] != y)
    except TypeError:
        raise TypeError(f"y holds labels that cannot be compared with the classes {classes[:6].tolist()}") from None
    if len(unseen):
        label = y[unseen[0]]
        label = label.item() if isinstance(label, np.generic) else label
        raise ValueError(
            f"y[{unseen[0]}] is {label!r}, a label not seen before: the classes are {classes[:10].tolist()}, fixed at "
            "the first fit; give all of them as `classes` when the network is made"
        )
    return np.ascontiguousarray(codes, dtype=np.intp)


def _check_rows(Y, loss: str) -> None:
    """A matrix Y for the losses of classes: -1 and +1 for the perceptron, else in [0, 1], adding up to 1 for cross_entropy."""
    if loss == "perceptron":
        wrong = np.argwhere(np.abs(Y) != 1)
        allowed = "-1 or +1"
    else:
        wrong = np.argwhere(~((Y >= 0) & (Y <= 1)))
        allowed = "from 0 to 1"
    if len(wrong):
        i, j = wrong[0]
        raise ValueError(f"y[{i}, {j}] is {Y[i, j]}; with {loss} it must be {allowed}")
    if loss == "cross_entropy":
        sums = Y.sum(axis=1, dtype=np.float64)
        uneven = np.flatnonzero(np.abs(sums - 1) > 1e-3)
        if len(uneven):
            raise ValueError(f"row {uneven[0]} of y adds up to {sums[uneven[0]]:g}; with cross_entropy it must be 1")
