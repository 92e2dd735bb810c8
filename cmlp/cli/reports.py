"""Evaluation results as text."""

from collections import Counter

import numpy as np

from cmlp.data import metrics
from cmlp.layers import Array

LARGEST_TABLE = 12  # classes up to which the confusion matrix is printed
LONGEST_NAME, LONGEST_HEADING = 24, 8  # characters of a class name in its row and above its column


def errors(y: Array, predicted: Array) -> str:
    """R2, root mean squared error and mean absolute error, in the units of the file."""
    error = predicted - y
    r2 = f"{metrics.r2(y, predicted, None):.4f}" if (y != y[0]).any() else "undefined for constant targets"
    return (
        f"test R2 {r2}, root mean squared error {np.sqrt((error**2).mean()):.6g}, "
        f"mean absolute error {np.abs(error).mean():.6g}"
    )


def mistakes(y: Array, predicted: Array, classes: Array, majority) -> str:
    """Confusion matrix, accuracy, and the accuracy of always predicting the majority class."""
    wrong = int((predicted != y).sum())
    if len(classes) <= LARGEST_TABLE and set(y.tolist()) <= set(classes.tolist()):
        y, predicted = y.astype(classes.dtype), predicted.astype(classes.dtype)
        detail = confusion_table(classes, y, predicted)
    else:
        detail = frequent_confusions(y, predicted)
    return (
        f"{detail}\ntest accuracy {1 - wrong / len(predicted):.4f}, {wrong:,} of {len(predicted):,} wrong "
        f"(always predicting {majority}: {(y == majority).mean():.4f})"
    )


def most_frequent(y: Array):
    counts = Counter(y.tolist())
    return min(counts, key=lambda label: (-counts[label], str(label)))


def confusion_table(classes: Array, y: Array, predicted: Array) -> str:
    """The confusion matrix: true classes in rows, predicted classes in columns."""
    counts = metrics.confusion(np.searchsorted(classes, y), np.searchsorted(classes, predicted), len(classes))
    names = [str(name) for name in classes]
    cells = [["true \\ predicted", *(name[:LONGEST_HEADING] for name in names)]]
    cells += [[name[:LONGEST_NAME], *(f"{n:,}" if n else "." for n in row)] for name, row in zip(names, counts)]
    lengths = [max(map(len, texts)) for texts in zip(*cells)]
    return "\n".join("  ".join(text.rjust(length) for text, length in zip(row, lengths)) for row in cells)


def frequent_confusions(y: Array, predicted: Array) -> str:
    wrong = predicted != y
    pairs = Counter(zip(y[wrong].tolist(), predicted[wrong].tolist())).most_common(5)
    errors = [f"{true} as {taken} ({n:,} times)" for (true, taken), n in pairs]
    return "most frequent errors: " + (", ".join(errors) or "none")
