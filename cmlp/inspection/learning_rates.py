"""The learning rate range test: the training loss while the learning rate increases (Smith, WACV 2017)."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cmlp import optimizers, validation
from cmlp._typing import Labels, Matrix
from cmlp.inspection.subjects import Subject, samples_of
from cmlp.layers import Array
from cmlp.training.history import DivergenceError

SMOOTHING = 0.9  # decay of the moving average of the loss, which is noisy for single mini-batches
DIVERGED = 4.0  # multiple of the lowest loss at which the test ends


@dataclass(frozen=True)
class RateCurve:
    """The loss against the learning rate, as `learning_rate_range` returns it.

    Attributes
    ----------
    learning_rate : ndarray (n_steps,)
    loss : ndarray (n_steps,)
        Of the mini-batch of each step, before its update.
    smoothed : ndarray (n_steps,)
        Exponential moving average of the loss, bias-corrected.
    suggestion : float
        The learning rate at which the smoothed loss decreases fastest; a third of it is a safer choice.
    """

    learning_rate: Array
    loss: Array
    smoothed: Array
    suggestion: float

    def __repr__(self) -> str:
        return f"<RateCurve: {len(self.loss)} steps, suggestion {self.suggestion:.3g}>"


def learning_rate_range(
    net: Subject,
    X: Matrix,
    y: Labels,
    optimizer: Any = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int = 128,
    seed: int = 0,
) -> RateCurve:
    """Learning rate range test: train a copy while the learning rate grows by a constant factor each step (Smith, WACV 2017).

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
        It is not changed. The test begins at the weights that it has; X and y are prepared as an estimator or a model does.
    X, y : as in `cmlp.Network.fit`
    optimizer : Optimizer, optional
        Its learning rate is replaced; default ``cmlp.Adam()``.
    lowest, highest : float, default 1e-6, 10
        The first and the last learning rate.
    steps : int, default 100
        The test stops earlier when the smoothed loss is four times its minimum, or not finite.
    batch_size : int, default 128
    seed : int, default 0
        Seed of the order of the samples.

    Returns
    -------
    RateCurve

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> curve = inspection.learning_rate_range(cmlp.Network([64, 32, 10], input_scale=1 / 16), X, y)
    >>> 1e-4 < curve.suggestion < 1
    True
    """
    optimizer = optimizers.resolve(optimizer or "adam")
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(f"optimizer must have a learning rate, got {type(optimizer).__name__}")
    validation.check_integer("steps", steps, 3)
    if not 0 < validation.check_number("lowest", lowest) < validation.check_number("highest", highest):
        raise ValueError(f"lowest and highest must satisfy 0 < lowest < highest, got {lowest!r}, {highest!r}")
    network, X, y = samples_of(net, X, y)
    X = np.asarray(X)
    batch_size = validation.check_batch_size(batch_size, len(X))
    rng, twin = validation.check_seed(seed), network.copy()
    rates = lowest * (highest / lowest) ** (np.arange(steps) / (steps - 1))
    order = np.concatenate([rng.permutation(len(X)) for _ in range(-(-steps * batch_size // len(X)))])
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    for k, rate in enumerate(rates):
        rows = order[k * batch_size : (k + 1) * batch_size]
        try:
            losses.append(twin.step(X[rows], y[rows], replace(optimizer, learning_rate=float(rate))))
        except DivergenceError:
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * losses[-1]
        smoothed.append(mean / (1 - SMOOTHING ** (k + 1)))
        if smoothed[-1] > DIVERGED * max(min(smoothed), 1e-12):
            break
    rates = rates[: len(losses)]
    slopes = np.gradient(smoothed, np.log(rates)) if len(losses) > 1 else np.zeros(1)
    return RateCurve(rates, np.array(losses), np.array(smoothed), float(rates[slopes.argmin()]))
