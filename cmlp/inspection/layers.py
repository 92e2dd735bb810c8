"""What the layers of a network hold for given inputs, and how its outputs change with them."""

from typing import Any

import numpy as np

from cmlp import _kernels, validation
from cmlp.layers import Array


def forward(net, X: Any) -> tuple[list[Array], list[Array]]:
    """Z and A of every layer, by the compiled functions and NumPy's products, in the network's dtype."""
    X = validation.check_matrix(X, net.sizes[0])
    A = [np.ascontiguousarray(X, dtype=net.dtype) * net.dtype.type(net.input_scale)]
    Z = []
    for layer in net.layers:
        Z.append(A[-1] @ layer.W + (0 if layer.b is None else layer.b))
        A.append(np.empty_like(Z[-1]))
        _kernels.activation_forward(layer.activation, Z[-1], A[-1], layer.parameter)
    return Z, A


def activations(net, X: Any, layer: int) -> Array:
    """A of one layer.

    Parameters
    ----------
    net : cmlp.Network
    X : array_like (n_samples, n_features)
    layer : int
        Counted from 0; -1 is the last, whose A `Network.forward` returns.

    Returns
    -------
    A : ndarray (n_samples, fan_out of the layer)

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> net = cmlp.Network([3, 5, 2])
    >>> inspection.activations(net, [[0.1, 0.2, 0.4]], 0).shape
    (1, 5)
    """
    (chosen,) = validation.check_layers("layer", [layer], len(net.layers))
    return forward(net, X)[1][chosen + 1]


def input_gradient(net, X: Any, output: int = 0) -> Array:
    """d A_output / d X of the last layer, for each sample: which inputs an output listens to (Simonyan et al. 2014).

    Parameters
    ----------
    net : cmlp.Network
    X : array_like (n_samples, n_features)
    output : int, default 0
        The unit of the last layer.

    Returns
    -------
    dX : ndarray (n_samples, n_features)
        Per unit of X as it is given: input_scale is in it.

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> net = cmlp.Network([2, 1], loss="squared_error", dtype="float64")
    >>> (inspection.input_gradient(net, [[1.0, 2.0]])[0] == net.layers[0].W[:, 0]).tolist()
    [True, True]
    """
    (chosen,) = validation.check_layers("output", [output], net.sizes[-1])
    Z, A = forward(net, X)
    dA = np.zeros_like(A[-1])
    dA[:, chosen] = 1
    for l, layer in reversed(list(enumerate(net.layers))):
        _kernels.activation_backward(layer.activation, Z[l], A[l + 1], dA, layer.parameter)
        dA = np.ascontiguousarray(dA @ layer.W.T)
    return dA * net.dtype.type(net.input_scale)
