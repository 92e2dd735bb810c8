"""What y means: classification, multilabel or regression; and the way from the network's outputs back to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import validation
from cmlp.losses import TASKS, Loss


@dataclass(frozen=True)
class Targets:
    """The meaning of y for a network.

    Attributes
    ----------
    task : {"classification", "multilabel", "regression"}
        One class of several for each sample; any number of labels, a column of 0 and 1 for each; or values.
    classes : ndarray or None
        For classification, the labels, sorted, in the order of the outputs; one output stands for two. A single one, which must
        be given, is the first of two of which the second never occurs: it is always predicted.
    """

    task: str
    classes: NDArray[Any] | None = None


def initial(loss: Loss, n_targets: int, classes: Any) -> Targets | None:
    """What is known before the first fit: something only if classes are given."""
    if classes is None:
        return None
    if "classification" not in loss.tasks:
        raise ValueError(f"classes must not be given with loss {loss.name!r}, which is for regression: use cross_entropy")
    labels = validation.as_array(classes, "classes")
    if labels.ndim == 1:
        validation.check_labels(labels, "classes")
    if labels.ndim != 1 or len(_different(labels, "classes")) != len(labels):
        raise ValueError(f"classes must be a list of different labels, got {classes!r}")
    labels = _different(labels, "classes")
    check_number(labels, n_targets)
    return Targets("classification", labels)


def restored(task: str, classes: Any) -> Targets:
    """What a saved network takes y to mean."""
    validation.check_name("task", task, TASKS)
    if (task == "classification") != (classes is not None):
        raise ValueError(f"task {task!r} {'needs' if classes is None else 'has no'} classes")
    return Targets(task, classes)


def assumed(loss: Loss, n_outputs: int) -> Targets:
    """What an untrained network's outputs are taken to mean."""
    task = loss.task_of(n_outputs)
    if task != "classification":
        return Targets(task)
    return Targets(task, np.array(loss.codes_of_two()) if n_outputs == 1 else np.arange(n_outputs))


def encode(y: Any, n_samples: int, loss: Loss, n_targets: int, known: Targets | None) -> tuple[NDArray[Any], Targets]:
    """y as the core takes it, and what it means.

    Parameters
    ----------
    y : array_like
        (n_samples,) labels or values, or (n_samples, n_targets) values, one-hot rows or multilabel indicators.
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
        if "classification" not in loss.tasks and n_targets > 1:
            raise ValueError(f"y must have shape (n_samples, {n_targets}) with loss {loss.name!r} (regression), got {y.shape}")
        has_classes = known is not None and known.task == "classification"
        if n_targets > 1 or loss.classifies or has_classes:
            meaning = known if known is not None and has_classes else None
            meaning = meaning or Targets("classification", _find_classes(y, loss, n_targets))
            return codes_of(y, meaning.classes), meaning
        return _values(y[:, None], loss), known or Targets("regression")
    if y.ndim != 2 or y.shape[1] != n_targets:
        raise ValueError(f"y must have shape (n_samples,) or (n_samples, {n_targets}), got {y.shape}")
    Y = _values(y, loss)
    if loss.exclusive:
        _check_sums(Y, loss)
    return Y, known or assumed(loss, n_targets)


def decode(outputs: NDArray[Any], targets: Targets, loss: Loss) -> NDArray[Any]:
    """Labels from the logits of the last layer (its A where the loss has no link); values from its outputs."""
    if targets.task == "regression":
        outputs = loss.predicted(outputs)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    yes = outputs >= (0 if loss.takes_logits else 0.5)
    if targets.task == "multilabel":
        return np.where(yes, 1, int(loss.off))
    assert targets.classes is not None
    if len(targets.classes) == 1:
        return targets.classes.repeat(len(outputs))
    codes = yes[:, 0].astype(np.intp) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
    return targets.classes[codes]


def central(predicted: NDArray[Any], loss: Loss) -> NDArray[Any]:
    """What a score compares with y: of several quantiles, the one nearest to one half."""
    chosen = loss.central(predicted)
    return chosen[:, 0] if chosen is not predicted and chosen.ndim == 2 and chosen.shape[1] == 1 else chosen


def weigh_classes(class_weight: Any, Y: NDArray[Any], meaning: Targets, sample_weight: Any) -> NDArray[Any]:
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
            raise ValueError(f"class_weight names {unknown[0]!r}, which is not a class; the classes are {labels[:10]}")
        factors = np.array([validation.check_non_negative(f"class_weight[{k!r}]", class_weight.get(k, 1)) for k in labels])
    else:
        raise ValueError(f"class_weight must be 'balanced', a dict of label to weight, or None, got {class_weight!r}")
    return factors[Y] * (1 if sample_weight is None else np.asarray(sample_weight))


def _values(y: NDArray[Any], loss: Loss) -> NDArray[Any]:
    """A matrix of numbers in the domain of the loss."""
    if y.dtype.kind not in "biuf":
        raise TypeError(
            f"y must hold real numbers here, got dtype {y.dtype}: labels are taken as a vector (n_samples,) by networks with "
            "several outputs, and with one output by log_loss and perceptron"
        )
    wrong = np.argwhere(loss.domain.outside(y)) if loss.domain.bounded else np.empty((0, 2), int)
    if len(wrong):
        i, j = wrong[0].tolist()
        remedy = "" if loss.classifies else ": shift it, or use squared_error"
        raise ValueError(f"y must be {loss.domain} with loss {loss.name!r}, got {y[i, j]} in y[{i}, {j}]{remedy}")
    return y


def _find_classes(y: NDArray[Any], loss: Loss, n_outputs: int) -> NDArray[Any]:
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
        if loss.domain.only_ends and n_outputs == 1 and least >= -1 and most <= 1 and y.all():
            return np.array(loss.codes_of_two(), dtype=int if y.dtype.kind == "u" else y.dtype)
        if least >= 0 and most < n_classes:
            return np.arange(n_classes).astype(y.dtype)
    labels = _different(y, "y")
    if len(labels) != n_classes:
        raise ValueError(
            f"y has {len(labels)} classes ({_shown(labels)}), a last layer of {n_outputs} takes {n_classes}: change its size, "
            "or give `classes` if some do not occur in y"
        )
    return labels


def _different(labels, name: str):
    """The labels that occur, sorted."""
    try:
        return np.unique(labels)
    except TypeError:
        raise TypeError(
            f"{name} mixes labels that cannot be compared, such as strings and numbers: convert them to one kind"
        ) from None


def _check_whole(y) -> None:
    wrong = np.flatnonzero(~(np.isfinite(y) & (y == np.floor(y))))
    if len(wrong):
        raise ValueError(
            f"y[{wrong[0]}] is {y[wrong[0]]}, not a class label: a vector y means classes here, integers or strings; "
            "for regression give a matrix (n_samples, n_outputs), or one output with squared_error"
        )


def check_number(labels: NDArray[Any], n_outputs: int) -> None:
    """Raise unless a last layer of this width can tell so many classes apart; that of two classes may have a single one.

    Raises
    ------
    ValueError
    """
    if len(labels) != max(2, n_outputs) and not (len(labels) == 1 and n_outputs <= 2):
        needed = max(2, n_outputs)
        raise ValueError(
            f"classes must hold {needed} labels for a last layer of {n_outputs}, got {len(labels)} classes ({_shown(labels)})"
        )


def _shown(labels: NDArray[Any]) -> str:
    return ", ".join(map(str, labels[:6])) + (", ..." if len(labels) > 6 else "")


def codes_of(y, classes):
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
        raise TypeError(f"y has labels that cannot be compared with the classes {classes[:6].tolist()}") from None
    if len(unseen):
        label = y[unseen[0]]
        label = label.item() if isinstance(label, np.generic) else label
        raise ValueError(
            f"y must hold the classes of the first fit, {classes[:10].tolist()}, got {label!r} in y[{unseen[0]}]: give all of "
            "them as `classes` from the beginning"
        )
    return np.ascontiguousarray(codes, dtype=np.intp)


def _check_sums(Y: NDArray[Any], loss: Loss) -> None:
    """Rows of probabilities of classes, of which each sample is in one."""
    sums = Y.sum(axis=1, dtype=np.float64)
    uneven = np.flatnonzero(np.abs(sums - 1) > 1e-3)
    if len(uneven):
        raise ValueError(f"rows of y must sum to 1 with loss {loss.name!r}, got {sums[uneven[0]]:g} in row {uneven[0]}")
