"""What the target means: classes or values, and the loss for it."""

import numpy as np

from cmlp import losses
from cmlp.cli.samples import Data
from cmlp.cli.sources import UsageError
from cmlp.data import scaling
from cmlp.layers import Array

MOST_CLASSES = 100  # more distinct integers than this are regression targets
FEW_CLASSES = 20  # more of them may be meant as numbers


def loss_and_classes(data: Data, loss: str | None) -> tuple[str, list | None]:
    """(loss, classes): the given loss or a default for the task; classes are None for regression.

    Regression targets are standardized, unless the loss needs them to be positive.
    """
    unite_labels(data)
    if are_classes(data, loss):
        if loss is not None and "classification" not in losses.BY_NAME[loss].tasks:
            raise UsageError(f"--loss {loss} is for regression, got a target of classes")
        classes = classes_of(data)
        if loss is None and not data.labeled and data.y.dtype.kind in "iu" and len(classes) > FEW_CLASSES:
            data.notes.append(f"classification: {len(classes)} different integers; --loss squared_error makes it regression")
        return loss or ("log_loss" if len(classes) == 2 else "cross_entropy"), classes
    if (data.y == data.y[0]).all():
        raise ValueError(f"the target must not be constant, got {data.y[0]} for every training sample")
    data.y, data.y_test = data.y.astype(np.float64), data.y_test.astype(np.float64)
    for part in (data.y, data.y_test):
        if not np.isfinite(part).all():
            raise ValueError("the target must be finite numbers, got infinite ones")
    if loss is None or losses.BY_NAME[loss].standardizes:
        try:
            data.y_mean, data.y_scale = scaling.standard(data.y, None)
        except FloatingPointError:
            raise ValueError("the target must have a finite standard deviation that does not underflow: rescale it") from None
        data.y, data.y_test = ((part - data.y_mean) / data.y_scale for part in (data.y, data.y_test))
    return loss or "squared_error", None


def unite_labels(data: Data) -> None:
    """If the labels of one part are strings, make both parts strings: 1, 2, x are integers in a part without x."""
    kinds = {data.y.dtype.kind, data.y_test.dtype.kind}
    if "U" in kinds or ("b" in kinds and len(kinds) > 1):
        data.y, data.y_test = data.y.astype(str), data.y_test.astype(str)


def are_classes(data: Data, loss: str | None) -> bool:
    """Whether the target is classes: strings, booleans, any label if the loss is for classes, else few distinct integers."""
    if data.labeled or data.y.dtype.kind in "Ub" or (loss and losses.BY_NAME[loss].tasks[0] != "regression"):
        return True
    most = max(2, min(MOST_CLASSES, len(data.y) // 2))
    return loss is None and data.y.dtype.kind != "f" and len(np.unique(data.y)) <= most


def classes_of(data: Data) -> list:
    """All labels, including those of the test samples."""
    if (data.y == data.y[0]).all():
        others = "" if (data.y_test == data.y[0]).all() else ": those of other classes are test samples; try another --seed"
        raise ValueError(f"the training samples must have at least two classes, got {data.y[0]} for all{others}")
    classes = np.unique(np.concatenate([data.y, data.y_test]))
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise ValueError("class labels must be strings or integers, got other numbers: use --loss squared_error for regression")
    return classes.tolist()


def n_outputs_for(loss: str, classes: list | None) -> int:
    """1 for regression, and for binary classification where the loss needs one output; else the number of classes."""
    return 1 if classes is None else losses.resolve(loss).outputs_for(len(classes))


def described(data: Data, classes: Array | None) -> str:
    """The target in words."""
    if classes is None:
        least, most = (data.y_mean + data.y_scale * value for value in (data.y.min(), data.y.max()))
        return f"values from {least:.6g} to {most:.6g}"
    unseen = len(np.setdiff1d(data.y_test, data.y))
    return f"{len(classes)} classes" + (f", {unseen} of them only in the test samples" if unseen else "")
