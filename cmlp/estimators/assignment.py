"""Weights and biases that are assigned to a fitted estimator."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cmlp import validation
from cmlp.layers import Array


def assign(estimator: Any, attribute: str, part: str, given: Any) -> None:
    """Copy W or b of all layers into the network, and into the moving average that predicts.

    Parameters
    ----------
    attribute : {"coefs_", "intercepts_"}
        Its name in errors.
    part : {"W", "b"}
    given : sequence of array_like

    Raises
    ------
    NotFittedError
        If it is not fitted yet.
    TypeError, ValueError
        If the arrays are not those of the network; nothing has changed then.
    """
    check_is_fitted(estimator, "network_")
    arrays = checked(attribute, part, given, estimator.network_.layers)
    for layers in destinations(estimator):
        for layer, array in zip(layers, arrays):
            block = getattr(layer, part)
            if block is not None:
                block[...] = array


def destinations(estimator: Any) -> list[Any]:
    """The layers of the network, of its moving average, and of the network that predicts."""
    network = estimator.network_
    found = [network.layers]
    if network.ema is not None:
        found += [network._architecture.layers_of(network.ema), estimator._predictor.layers]
    return found


def checked(attribute: str, part: str, given: Any, layers: Any) -> list[Array]:
    """As arrays of numbers with the shapes of the network's."""
    if not isinstance(given, (list, tuple)) or len(given) != len(layers):
        got = f"{len(given)}" if isinstance(given, (list, tuple)) else f"a {type(given).__name__}"
        raise ValueError(f"{attribute} must be a list of {len(layers)} arrays, one for each layer, got {got}")
    arrays = []
    for l, (each, layer) in enumerate(zip(given, layers)):
        array, block = validation.as_array(each, f"{attribute}[{l}]"), getattr(layer, part)
        shape = (layer.fan_out,) if part == "b" else block.shape
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{attribute}[{l}] must hold real numbers, got dtype {array.dtype}")
        if array.shape != shape:
            raise ValueError(f"{attribute}[{l}] must have shape {shape}, got {array.shape}")
        validation.check_all_finite(array if block is None else array.astype(block.dtype), f"{attribute}[{l}]")
        if block is None and array.any():
            raise ValueError(f"{attribute}[{l}] must be zeros, for layer {l} has no biases, got {np.asarray(array)[:5]}")
        arrays.append(array)
    return arrays
