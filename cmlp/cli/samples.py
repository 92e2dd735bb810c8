"""Training and test samples, and how they are split."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cmlp.data import Columns
from cmlp.layers import Array

TEST_FRACTION = 0.2


@dataclass
class Data:
    """Training and test samples; y in the units of the file is ``y * y_scale + y_mean``."""

    X: Any
    y: Array
    X_test: Any
    y_test: Array
    what: str
    labeled: bool = False  # y is class labels, whatever the loss
    input_scale: float = 1.0
    columns: Columns | None = None  # the preprocessing of X
    target: str = "prediction"
    y_mean: float = 0.0
    y_scale: float = 1.0
    notes: list[str] = field(default_factory=list)


def parts(n: int, options) -> tuple[Array, Array]:
    """The indices of the training and of the test samples, in random order."""
    return split(n, options.test_fraction or TEST_FRACTION, options.seed, "--test-fraction", "test")


def split(n: int, fraction: float, seed: int, option: str, held_out: str) -> tuple[Array, Array]:
    """A random split: a fraction of the samples is held out."""
    n_out = round(n * fraction)
    if not 0 < n_out < n:
        use = "training" if n_out else held_out
        raise ValueError(f"too few samples, {n:,}, for {option} {fraction}: no {use} samples would be left")
    order = np.random.default_rng(seed).permutation(n)
    return order[:-n_out], order[-n_out:]
