"""Activations of a layer, and gradients of the outputs with respect to the inputs."""

import numpy as np

from cmlp import validation
from cmlp._typing import Matrix
from cmlp.data import samples
from cmlp.inspection.subjects import Subject, inputs_of
from cmlp.layers import INPUT, Array
from cmlp.runtime import compiled, kernels
from cmlp.runtime.engines import most_rows

ROWS = 1024  # samples processed at a time


class _Output:
    """A loss that is one output of the network: like `cmlp.losses.Custom`, but of A instead of Z."""

    name, values, outputs_per_target = "one output", (), 1

    def __init__(self, layer, output: int) -> None:
        self.layer, self.output = layer, output

    def evaluate(self, Z, Y, sample_weight, scale, dZ) -> float:
        A = np.empty_like(Z)
        kernels.activation_forward(self.layer.activation, Z, A, self.layer.parameter)
        dZ[:] = np.arange(Z.shape[1]) == self.output
        kernels.activation_backward(self.layer.activation, Z, A, dZ, self.layer.parameter)
        return 0.0


def activations(net: Subject, X: Matrix, layer: int) -> Array:
    """The activations A of one layer.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
    X : array_like or data frame (n_samples, n_features)
        Prepared as an estimator or a model does.
    layer : int
        Index of the layer, from 0; -1 is the last, whose A is the output of `Network.forward`.

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
    network, prepared = inputs_of(net, X)
    (chosen,) = validation.check_layers("layer", [layer], len(network.layers))
    if chosen == len(network.layers) - 1:
        return network.forward(prepared)
    inputs: Array = validation.check_matrix(prepared, network.sizes[0])
    A = np.empty((len(inputs), network.sizes[chosen + 1]), network.dtype)
    outputs = np.empty((min(ROWS, len(inputs)), network.sizes[-1]), network.dtype)
    step = min(ROWS, most_rows(network.n_params))
    for start in range(0, len(inputs), step):
        rows = inputs[start : start + step]
        with network._engines.take(len(rows), keep_Z=True) as engine:
            engine.forward(network.variables, samples.make_inputs(network, rows), outputs[: len(rows)])
            A[start : start + step] = engine.block("A", chosen, len(rows))
    return A


def input_gradient(net: Subject, X: Matrix, output: int = 0) -> Array:
    """The gradient of an output with respect to the inputs, for each sample: saliency (Simonyan et al. 2014).

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
    X : array_like or data frame (n_samples, n_features)
    output : int, default 0
        Index of the unit in the last layer.

    Returns
    -------
    dX : ndarray (n_samples, n_inputs)
        With respect to the inputs of the network before input_scale: to X itself or, where an estimator or a model scales and
        encodes columns, to what it makes of them. The output is that of the network, before it is brought to the units of y.

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> net = cmlp.Network([2, 1], loss="squared_error", dtype="float64")
    >>> (inspection.input_gradient(net, [[1.0, 2.0]])[0] == net.layers[0].W[:, 0]).tolist()
    [True, True]
    """
    network, prepared = inputs_of(net, X)
    (chosen,) = validation.check_layers("output", [output], network.sizes[-1])
    inputs: Array = validation.check_matrix(prepared, network.sizes[0])
    dX, dtheta = np.empty((len(inputs), network.sizes[0]), network.dtype), np.empty_like(network.theta)
    objective = _Output(network.layers[-1], chosen)
    layers, params = network.tables
    engine = compiled.Engine(layers, params, objective, min(ROWS, len(inputs)), network.dtype)
    for start in range(0, len(inputs), ROWS):
        rows, n = inputs[start : start + ROWS], min(ROWS, len(inputs) - start)
        samples.make_inputs(network, rows)
        bound = compiled.Samples(rows, np.zeros((n, network.sizes[-1])), None, network.input_scale)
        engine.gradient(network.variables, dtheta, bound)
        dX[start : start + ROWS] = _backward_to_inputs(network, engine, n)
    return dX * network.dtype.type(network.input_scale)


def _backward_to_inputs(net, engine, n: int) -> Array:
    """dX (n, n_features) = dZ_0 . W_0^T + the sum of dout, or dout . P^T, over the layers that add X."""
    dX = engine.block("dZ", 0, n) @ net.layers[0].W.T
    for l, layer in enumerate(net.layers):
        if layer.source == INPUT:
            dout = engine.block("dout", l, n)
            dX += dout if layer.P is None else dout @ layer.P.T
    return dX
