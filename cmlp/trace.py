"""One step laid open: what every layer computed, forward and back."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.engines import most_rows
from cmlp.layers import Array, views


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """What one layer computed for n samples.

    Attributes
    ----------
    activation : str
    W, b : ndarray (fan_in, fan_out), (fan_out,) or None
        Copies of the parameters that were used.
    Z, A : ndarray (n_samples, fan_out)
        Weighted sums and outputs.
    dZ : ndarray (n_samples, fan_out)
        Gradient of the mean loss by Z: the textbooks' delta, divided by n_samples.
    dW, db : ndarray (fan_in, fan_out), (fan_out,) or None
        Gradient of the mean loss by the parameters.
    """

    activation: str
    W: Array
    b: Array | None
    Z: Array
    A: Array
    dZ: Array
    dW: Array
    db: Array | None

    def arrays(self) -> dict[str, Array]:
        """Name -> array, in the order of the computation; without b and db where there is no bias."""
        names = ("W", "b", "Z", "A", "dZ", "dW", "db")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, eq=False)
class Trace:
    """One forward and backward pass of a network, as `Network.trace` returns it; printing it gives a table.

    Attributes
    ----------
    cost : float
        The mean loss of the samples.
    loss : str
        Its name.
    X, Y : ndarray (n_samples, n_features), (n_samples, n_targets)
        What the network saw, in its dtype: scaled, one-hot.
    layers : list of LayerTrace
    """

    cost: float
    loss: str
    X: Array
    Y: Array
    layers: list[LayerTrace] = field(default_factory=list)

    def __getitem__(self, name: str) -> Array:
        """``trace["dW1"]``: an array by its name and the number of its layer; ``trace["X"]``, ``trace["Y"]``."""
        if name in ("X", "Y"):
            return getattr(self, name)
        for l, layer in enumerate(self.layers):
            for key, array in layer.arrays().items():
                if name == f"{key}{l}":
                    return array
        raise KeyError(f"no {name!r} in this trace; there are {', '.join(self.names())}")

    def names(self) -> list[str]:
        """The names of all arrays, in the order of the computation."""
        inner = [f"{key}{l}" for l, layer in enumerate(self.layers) for key in layer.arrays()]
        return ["X", "Y", *inner]

    def __str__(self) -> str:
        rows = [("", "shape", "values")]
        rows += [("X", *_shown(self.X)), ("Y", *_shown(self.Y))]
        for l, layer in enumerate(self.layers):
            rows.append((f"layer {l}: {layer.activation}", "", ""))
            rows += [(f"  {key}{l}", *_shown(array)) for key, array in layer.arrays().items()]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines = [f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {values}".rstrip() for name, shape, values in rows]
        return "\n".join([*lines, f"cost ({self.loss}): {self.cost:.6g}"])

    __repr__ = __str__


def _shown(array: Array) -> tuple[str, str]:
    """Shape, and the values themselves if they are few, else their range."""
    shape = " x ".join(map(str, array.shape))
    if array.size <= 8:
        return shape, np.array2string(array, precision=6, separator=", ", max_line_width=200).replace("\n", "")
    return shape, f"{array.min():.4g} .. {array.max():.4g}, mean {array.mean():.4g}, std {array.std():.4g}"


def trace_step(network, samples) -> Trace:
    """Trace a network over samples; an engine of its own keeps Z, which training does not."""
    n = samples.n_samples
    validation.check_traceable(n, most_rows(network.n_params))
    outputs = np.empty((n, network.sizes[-1]), network.dtype)
    dtheta = np.empty_like(network.theta)
    X = np.empty((n, network.sizes[0]), network.dtype)
    Y = np.empty((n, network.n_targets), network.dtype)
    samples.rows(0, X)
    samples.rows(0, Y, targets=True)
    with network.engines.take(n, keep_Z=True) as engine:
        engine.forward(network.theta, samples, outputs)
        total, _ = engine.gradient(network.theta, dtheta, samples)
        kept = [{name: engine.block(name, l, n).copy() for name in ("Z", "A", "dZ")} for l in range(len(network.layers))]
    kept[-1]["A"] = outputs
    gradients: list[dict[str, Any]] = [{"dW": dW, "db": db} for dW, db in views(network.tables[1], dtheta)]
    parameters: list[dict[str, Any]] = [
        {"activation": layer.activation, "W": layer.W.copy(), "b": None if layer.b is None else layer.b.copy()}
        for layer in network.layers
    ]
    traced = [LayerTrace(**p, **k, **d) for p, k, d in zip(parameters, kept, gradients)]
    return Trace(total / n, network.loss, X, Y, traced)
