"""What may not change between a fit and the one that continues it: the parameters that say what the network is."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cmlp import activations, norms, validation
from cmlp.estimators import settings
from cmlp.estimators.fitted import STRUCTURE


def check(estimator: Any, fitted: Any, continuing: str, remedy: str) -> None:
    """Raise if a parameter of an estimator is not that of its last fit.

    Parameters
    ----------
    estimator, fitted : BaseMLP
        As it is to be fitted now, and as it was at the end of the last fit.
    continuing, remedy : str
        What continues that fit, and what to do instead; for the message.

    Raises
    ------
    ValueError
    """
    for name in STRUCTURE:
        before, now = getattr(fitted, name), getattr(estimator, name)
        if before is now or same(before, now) or same(resolved(name, fitted), resolved(name, estimator)):
            continue
        raise ValueError(f"{name} must be {before!r} as in the last fit, which {continuing} continues, got {now!r}: {remedy}")


def resolved(name: str, estimator: Any) -> Any:
    """A parameter as the network has it, so that two spellings of one are equal."""
    given = getattr(estimator, name)
    n_hidden = len(estimator.network_.sizes) - 2
    if name == "hidden_layer_sizes":
        return settings.sizes(given)
    if name == "activation":
        return activations.resolve_hidden(settings.activation(given), n_hidden)
    if name == "loss":
        return estimator._resolve_loss()
    if name == "norm":
        return norms.resolve(given, n_hidden)
    if name == "dropout":
        return validation.check_rates(name, given, n_hidden)
    if name == "dtype":  # "auto" goes on with what there is
        return estimator.network_.dtype if given == "auto" else validation.check_dtype(given)
    return given or None if name == "network" else given


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays and containers of them too."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    one, other = (np.asarray(value).tolist() if hasattr(value, "__array__") else value for value in (one, other))
    if all(isinstance(value, (list, tuple, range)) for value in (one, other)):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other))
    return type(one) is type(other) and bool(one == other)
