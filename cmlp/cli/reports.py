"""Evaluation results as text."""

from collections import Counter
from typing import Any

import numpy as np

from cmlp.data import Columns, metrics
from cmlp.layers import Array

MOST_COLUMNS = 20  # that are printed
LARGEST_TABLE = 12  # classes up to which the confusion matrix is printed
NAME, HEADING = 24, 8  # characters of a class name in its row and above its column, or twice as many to tell them apart


def columns(given: Columns) -> str:
    """What each column becomes, the first ones of many."""
    lines = str(given).splitlines()
    if len(lines) <= MOST_COLUMNS + 1:
        return "\n".join(lines)
    return "\n".join([*lines[: MOST_COLUMNS + 1], f"... and {given.n_columns - MOST_COLUMNS} more columns"])


def errors(y: Array, predicted: Array) -> tuple[str, dict[str, Any]]:
    """R2, root mean squared error and mean absolute error, in the units of the file, as text and by name."""
    error = predicted - y
    found = {
        "r2": metrics.r2(y, predicted, None) if (y != y[0]).any() else None,
        "root_mean_squared_error": float(np.sqrt((error**2).mean())),
        "mean_absolute_error": float(np.abs(error).mean()),
    }
    r2 = "undefined for constant targets" if found["r2"] is None else f"{found['r2']:.4f}"
    text = (
        f"test R2 {r2}, root mean squared error {found['root_mean_squared_error']:.6g}, "
        f"mean absolute error {found['mean_absolute_error']:.6g}"
    )
    return text, found


def mistakes(y: Array, predicted: Array, classes: Array, majority) -> tuple[str, dict[str, Any]]:
    """Confusion matrix, accuracy, and the accuracy of always predicting the majority class, as text and by name."""
    wrong = int((predicted != y).sum())
    if len(classes) <= LARGEST_TABLE and set(y.tolist()) <= set(classes.tolist()):
        y, predicted = y.astype(classes.dtype), predicted.astype(classes.dtype)
        detail = confusion_table(classes, y, predicted)
    else:
        detail = frequent_confusions(y, predicted)
    accuracy, baseline = 1 - wrong / len(predicted), float((y == majority).mean())
    text = (
        f"{detail}\ntest accuracy {accuracy:.4f}, {wrong:,} of {len(predicted):,} wrong "
        f"(always predicting {majority}: {baseline:.4f})"
    )
    return text, {"accuracy": accuracy, "n_wrong": wrong, "majority_accuracy": baseline}


def most_frequent(y: Array):
    counts = Counter(y.tolist())
    return min(counts, key=lambda label: (-counts[label], str(label)))


def confusion_table(classes: Array, y: Array, predicted: Array) -> str:
    """The confusion matrix: true classes in rows, predicted classes in columns."""
    counts = metrics.confusion(np.searchsorted(classes, y), np.searchsorted(classes, predicted), len(classes))
    names = [str(name) for name in classes]
    headings, rows = shortened(names, HEADING), shortened(names, NAME)
    if headings is None or rows is None:
        headings = [f"({k})" for k in range(1, len(names) + 1)]
        rows = [f"{heading} {name[:NAME]}" for heading, name in zip(headings, names)]
    cells = [["true \\ predicted", *headings]]
    cells += [[name, *(f"{n:,}" if n else "." for n in row)] for name, row in zip(rows, counts)]
    lengths = [max(map(len, texts)) for texts in zip(*cells)]
    return "\n".join("  ".join(text.rjust(length) for text, length in zip(row, lengths)) for row in cells)


def shortened(names: list[str], length: int) -> list[str] | None:
    """The beginnings of the names, longer ones where these are the same; None if even twice the length leaves them the same."""
    for end in range(length, 2 * length + 1):
        cut = [name[:end] for name in names]
        if len(set(cut)) == len(cut):
            return cut
    return None


def frequent_confusions(y: Array, predicted: Array) -> str:
    wrong = predicted != y
    pairs = Counter(zip(y[wrong].tolist(), predicted[wrong].tolist())).most_common(5)
    errors = [f"{true} as {taken} ({n:,} times)" for (true, taken), n in pairs]
    return "most frequent errors: " + (", ".join(errors) or "none")
