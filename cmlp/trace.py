"""The trace of a step, which exposes every intermediate of the forward and the backward pass."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.layers import Array, Layer, views
from cmlp.runtime.engines import most_rows

BEFORE = ("W", "b", "scale", "shift", "slope", "P")
VALUES = ("Z", "hat", "N", "A", "mask", "out", "dout", "dN", "dZ")


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """The intermediates of one layer; None where the layer has none.

    Attributes
    ----------
    activation : str
    W, b : ndarray (fan_in, fan_out), (fan_out,)
        Copies of the parameters; likewise scale, shift, slope (fan_out,) and P.
    Z, A : ndarray (n_samples, fan_out)
        Weighted sums (pre-activations) and activations.
    hat, N : ndarray (n_samples, fan_out)
        With a norm: Z normalized, and ``N = scale hat + shift``, the input of the activation.
    mask, out : ndarray (n_samples, fan_out)
        With dropout or a residual connection: the dropout mask, and the output of the layer.
    dout, dN, dZ : ndarray (n_samples, fan_out)
        Gradients of the mean loss with respect to out, N and Z; dZ is the delta of the textbooks, divided by n_samples.
    dW, db, dscale, dshift, dslope, dP : ndarray
        Gradients of the mean loss with respect to the parameters.
    """

    activation: str
    W: Array
    Z: Array
    A: Array
    dZ: Array
    dW: Array
    b: Array | None = None
    scale: Array | None = None
    shift: Array | None = None
    slope: Array | None = None
    P: Array | None = None
    hat: Array | None = None
    N: Array | None = None
    mask: Array | None = None
    out: Array | None = None
    dout: Array | None = None
    dN: Array | None = None
    db: Array | None = None
    dscale: Array | None = None
    dshift: Array | None = None
    dslope: Array | None = None
    dP: Array | None = None

    def arrays(self) -> dict[str, Array]:
        """The arrays of the layer by name, in the order of computation."""
        names = (*BEFORE, *VALUES, *(f"d{name}" for name in BEFORE))
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, eq=False)
class Trace:
    """Every intermediate of one forward and backward pass, as `Network.trace` returns it. Print it for a table.

    Attributes
    ----------
    cost : float
        The mean loss of the samples.
    loss : str
        The name of the loss.
    X, Y : ndarray (n_samples, n_features), (n_samples, n_targets)
        The inputs and targets of the network, in its dtype: X after input_scale, noise and dropout; Y one-hot.
    layers : list of LayerTrace
    X_mask : ndarray (n_samples, n_features) or None
        The mask of input dropout.
    """

    cost: float
    loss: str
    X: Array
    Y: Array
    layers: list[LayerTrace] = field(default_factory=list)
    X_mask: Array | None = None

    def __getitem__(self, name: str) -> Array:
        """An array by its name and the index of its layer: ``trace["dW1"]``, ``trace["X"]``, ``trace["Y"]``."""
        if name in ("X", "Y") or (name == "X_mask" and self.X_mask is not None):
            return getattr(self, name)
        for l, layer in enumerate(self.layers):
            for key, array in layer.arrays().items():
                if name == f"{key}{l}":
                    return array
        raise KeyError(f"{name!r} is not in this trace, which has {', '.join(self.names())}")

    def names(self) -> list[str]:
        """The names of all arrays, in the order of computation."""
        inner = [f"{key}{l}" for l, layer in enumerate(self.layers) for key in layer.arrays()]
        return ["X", "Y", *inner] if self.X_mask is None else ["X_mask", "X", "Y", *inner]

    def __str__(self) -> str:
        rows = [("", "shape", "values")]
        rows += [] if self.X_mask is None else [("X_mask", *_shown(self.X_mask))]
        rows += [("X", *_shown(self.X)), ("Y", *_shown(self.Y))]
        for l, layer in enumerate(self.layers):
            rows.append((f"layer {l}: {layer.activation}", "", ""))
            rows += [(f"  {key}{l}", *_shown(array)) for key, array in layer.arrays().items()]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines = [f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {values}".rstrip() for name, shape, values in rows]
        return "\n".join([*lines, f"cost ({self.loss}): {self.cost:.6g}"])

    __repr__ = __str__


def _shown(array: Array) -> tuple[str, str]:
    """(shape, values), or a summary of the values if there are more than 8."""
    shape = " x ".join(map(str, array.shape))
    if array.size <= 8:
        return shape, np.array2string(array, precision=6, separator=", ", max_line_width=200).replace("\n", "")
    return shape, f"{array.min():.4g} .. {array.max():.4g}, mean {array.mean():.4g}, std {array.std():.4g}"


def trace_step(network, samples, training: bool) -> Trace:
    """Trace a network over samples, with an engine that keeps Z, which training overwrites."""
    n = samples.n_samples
    validation.check_traceable(n, most_rows(network.n_params))
    outputs = np.empty((n, network.sizes[-1]), network.dtype)
    dtheta = np.empty_like(network.theta)
    X = np.empty((n, network.sizes[0]), network.dtype)
    Y = np.empty((n, network.n_targets), network.dtype)
    samples.rows(0, X)
    samples.rows(0, Y, targets=True)
    mode, X_mask = network._mode(training), None
    with network._engines.take(n, keep_Z=True, training=training) as engine:
        engine.forward(network.variables, samples, outputs, **mode)
        total, _ = engine.gradient(network.variables, dtheta, samples, **mode)
        if mode and (network._architecture.input_noise or network._architecture.input_dropout):
            X[:] = engine.inputs(n)
            X_mask = engine.inputs(n, mask=True).copy() if network._architecture.input_dropout else None
        kept = [_values_of(engine, l, layer, n, training) for l, layer in enumerate(network.layers)]
    kept[-1]["A"] = outputs
    traced = []
    for layer, values, gradients in zip(network.layers, kept, views(network.tables[1], dtheta), strict=True):
        parameters = {name: value.copy() for name, value in layer.parameters().items()}
        derivatives = {f"d{name}": value for name, value in gradients.items()}
        traced.append(LayerTrace(activation=layer.activation, **parameters, **values, **derivatives))
    return Trace(total / n, network.loss, X, Y, traced, X_mask)


def _values_of(engine, l: int, layer: Layer, n: int, training: bool) -> dict[str, Any]:
    """Copies of the intermediates of a layer in the workspace of an engine."""
    names = ["Z", "A", "dZ"]
    if layer.norm is not None:
        names += ["hat", "N", "dN"]
    if layer.dropout and training:
        names.append("mask")
    if "mask" in names or layer.source is not None:
        names += ["out", "dout"]
    return {name: engine.block(name, l, n).copy() for name in names}
