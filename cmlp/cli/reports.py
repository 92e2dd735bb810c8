"""How good predictions are, in a few lines of text."""

from collections import Counter

import numpy as np

from cmlp.data import metrics
from cmlp.layers import Array

LARGEST_TABLE = 12  # classes that a table of confusions shows
LONGEST_NAME, LONGEST_HEADING = 24, 8  # characters of a class before its row, and above its column


def errors(y: Array, predicted: Array) -> str:
    """How far values are off, in the units of the file."""
    error = predicted - y
    r2 = f"{metrics.r2(y, predicted, None):.4f}" if (y != y[0]).any() else "undefined for equal targets"
    return (
        f"test R2 {r2}, root mean squared error {np.sqrt((error**2).mean()):.6g}, "
        f"mean absolute error {np.abs(error).mean():.6g}"
    )


def mistakes(y: Array, predicted: Array, classes: Array, usual) -> str:
    """Which classes are taken for which, and the accuracy, beside that of always answering the usual one."""
    wrong = int((predicted != y).sum())
    if len(classes) <= LARGEST_TABLE and set(y.tolist()) <= set(classes.tolist()):
        y, predicted = y.astype(classes.dtype), predicted.astype(classes.dtype)
        detail = confusion_table(classes, y, predicted)
    else:
        detail = frequent_confusions(y, predicted)
    return (
        f"{detail}\ntest accuracy {1 - wrong / len(predicted):.4f}, {wrong:,} of {len(predicted):,} wrong "
        f"(always answering {usual}: {(y == usual).mean():.4f})"
    )


def most_frequent(y: Array):
    counts = Counter(y.tolist())
    return min(counts, key=lambda label: (-counts[label], str(label)))


def confusion_table(classes: Array, y: Array, predicted: Array) -> str:
    """Rows: the true class; columns: what it was taken for."""
    counts = metrics.confusion(np.searchsorted(classes, y), np.searchsorted(classes, predicted), len(classes))
    names = [str(name) for name in classes]
    cells = [["true \\ taken for", *(name[:LONGEST_HEADING] for name in names)]]
    cells += [[name[:LONGEST_NAME], *(f"{n:,}" if n else "." for n in row)] for name, row in zip(names, counts)]
    lengths = [max(map(len, texts)) for texts in zip(*cells)]
    return "\n".join("  ".join(text.rjust(length) for text, length in zip(row, lengths)) for row in cells)


def frequent_confusions(y: Array, predicted: Array) -> str:
    wrong = predicted != y
    pairs = Counter(zip(y[wrong].tolist(), predicted[wrong].tolist())).most_common(5)
    said = [f"{true} for {taken} ({n:,} times)" for (true, taken), n in pairs]
    return "most often mistaken: " + (", ".join(said) or "none")
