"""The learning-rate range test: the loss while the learning rate grows from step to step."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cmlp import optimizers, validation
from cmlp.layers import Array
from cmlp.network import Network
from cmlp.training.history import DivergenceError

SMOOTHING = 0.9  # of the losses, which single batches make jump
DIVERGED = 4.0  # times the lowest loss at which the test ends


@dataclass(frozen=True)
class RateCurve:
    """What each learning rate did.

    Attributes
    ----------
    learning_rate : ndarray (n_steps,)
    loss : ndarray (n_steps,)
        Of each step's batch, before its update.
    smoothed : ndarray (n_steps,)
        A running mean of the loss without the bias of its beginning.
    suggestion : float
        Where the smoothed loss comes down fastest: a rate to begin with; a third of it is careful.
    """

    learning_rate: Array
    loss: Array
    smoothed: Array
    suggestion: float


def learning_rate_range(
    net: Network,
    X: Any,
    y: Any,
    optimizer: Any = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int = 128,
    seed: int = 0,
) -> RateCurve:
    """Train a copy of the network with a learning rate that grows by a constant factor at each step (Smith, WACV 2017).

    Parameters
    ----------
    net : cmlp.Network
        It is not changed.
    X, y : as in `cmlp.Network.fit`
    optimizer : Optimizer, optional
        Whose learning rate is replaced; ``cmlp.Adam()`` unless given.
    lowest, highest : float, default 1e-6, 10
    steps : int, default 100
        It ends before, when the smoothed loss is four times the lowest, or not finite.
    batch_size : int, default 128
    seed : int, default 0
        For the order of the samples.

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
        raise ValueError(f"{type(optimizer).__name__} has no learning rate")
    validation.check_integer("steps", steps, 3)
    if not 0 < validation.check_number("lowest", lowest) < validation.check_number("highest", highest):
        raise ValueError(f"lowest and highest must be above 0, in this order, got {lowest!r}, {highest!r}")
    X, y = np.asarray(X), np.asarray(y)
    batch_size = validation.check_batch_size(batch_size, len(X))
    rng, twin = validation.check_seed(seed), net.copy()
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
