"""Export of the parameters as arrays by name, and import of weights and biases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cmlp.activations import Activation
from cmlp.layers import Array, running, views
from cmlp.losses import Loss, LossFunction
from cmlp.model import HasModel, HasSteps, Model
from cmlp.network import Network


def to_arrays(network: Network | Model | HasModel | HasSteps) -> dict[str, Array]:
    """Copies of all parameters and running statistics, by name: ``W0``, ``b0``, ..., ``mean0``, ``variance0``.

    Parameters
    ----------
    network : cmlp.Network, cmlp.Model, fitted estimator or pipeline of scikit-learn that ends in one

    Returns
    -------
    arrays : dict of str to ndarray
        ``np.savez(path, **arrays)`` saves them.

    Examples
    --------
    >>> import cmlp
    >>> {name: array.shape for name, array in cmlp.convert.to_arrays(cmlp.Network([4, 8, 3])).items()}
    {'W0': (4, 8), 'b0': (8,), 'W1': (8, 3), 'b1': (3,)}
    """
    net = Model.of(network).network
    rows, params = net.tables
    arrays: dict[str, Array] = {}
    for l, blocks in enumerate(views(params, net.variables)):
        arrays |= {f"{name}{l}": block.copy() for name, block in (blocks | running(rows, l, net.variables)).items()}
    return arrays


def from_arrays(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike | None] | None = None,
    activation: str | Activation | Sequence[str | Activation] = "relu",
    loss: str | Loss | LossFunction = "cross_entropy",
    **settings: Any,
) -> Network:
    """Create a network from weights and biases.

    Parameters
    ----------
    weights : sequence of array_like (fan_in, fan_out)
        One for each layer; PyTorch stores their transpose.
    biases : sequence of array_like (fan_out,) or None, optional
        One for each layer, None for a layer without a bias; default: no layer has a bias.
    activation, loss, **settings
        As in `cmlp.Network`; the default dtype is float64 if any of the weights are float64.

    Returns
    -------
    network : Network

    Raises
    ------
    ValueError
        If the shapes of consecutive layers do not match.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> net = cmlp.convert.from_arrays([[[1.0, -1.0]], [[1.0], [1.0]]], loss="squared_error")   # |x|, by two relus
    >>> net.predict([[-3.0], [2.0]]).tolist()
    [3.0, 2.0]
    """
    W = [np.asarray(weight) for weight in weights]
    b = [None] * len(W) if biases is None else [None if bias is None else np.asarray(bias) for bias in biases]
    for l, weight in enumerate(W):
        if weight.ndim != 2 or (l and weight.shape[0] != W[l - 1].shape[1]):
            before = f" after {W[l - 1].shape}" if l else ""
            raise ValueError(
                f"weights[{l}] must have shape (fan_in, fan_out), with fan_in the previous fan_out, got {weight.shape}{before}"
            )
    if not W or len(b) != len(W):
        raise ValueError(
            f"weights and biases must have one entry for each layer, at least one, got {len(W)} weights and {len(b)} biases"
        )
    settings.setdefault("dtype", "float64" if any(weight.dtype == np.float64 for weight in W) else "float32")
    return Network(
        [W[0].shape[0], *(weight.shape[1] for weight in W)],
        activation,
        loss,
        init=W,
        bias_init=["zeros" if bias is None else bias for bias in b],
        bias=[bias is not None for bias in b],
        **settings,
    )
