"""The layers of a network: the layout of its flat buffers as two tables, and views of the parameters.

``layers`` has one row per layer: widths, functions, and the offsets of its parameters in ``theta`` (and, once an engine has a
workspace, the offsets of its Z, A, dZ, ... there). ``params`` has one row per block of parameters. Both are NumPy structured
arrays of offsets, the same for float32 and float64, and used by Python, the reference and the compiled core.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NONE = -1  # the offset of a block that a layer does not have
INPUT = -1  # the source of a residual connection from X
NO_SOURCE = -2  # the source of a layer without a residual connection

VECTORS = ("b", "scale", "shift", "slope")  # blocks with one element per unit, in the order in which they follow W
PLACES = ("Z", "hat", "N", "A", "out", "mask", "dZ", "dN", "dout", "dscale", "dslope", "statistics")  # in the workspace
TILES = ("forward_rows", "forward_columns", "backward_rows", "backward_columns", "gradient_rows", "gradient_columns")

# field for field the struct Layer of src_pyx/cmlp/_plan.pxd
LAYER = np.dtype(
    [
        ("fan_in", np.intp),
        ("fan_out", np.intp),
        ("activation", np.intp),
        ("parameter", np.float64),
        ("norm", np.intp),
        ("eps", np.float64),
        ("momentum", np.float64),
        ("dropout", np.float64),
        ("source", np.intp),
        ("block", np.intp),
        ("n_vectors", np.intp),
        *((name, np.intp) for name in ("W", *VECTORS, "P", "running", *PLACES, *TILES)),
    ]
)

# and the struct Block; `source` is the layer whose output the block multiplies, `delta` the offset of its delta
PARAM = np.dtype(
    [("name", "U16")] + [(name, np.intp) for name in ("layer", "offset", "rows", "cols", "matrix", "source", "delta")]
)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``Z = A_prev . W + b``, ``A = f(Z)``; with a norm, ``A = f(scale hat(Z) + shift)``.

    The output of the layer is A; with dropout ``mask A``; with a residual connection the output of the source layer, or its
    projection ``. P``, is added.

    Attributes
    ----------
    W : ndarray (fan_in, fan_out)
        Weights; in a network, a view of ``theta``.
    b : ndarray (fan_out,) or None
        Biases.
    activation : str
        The name of f.
    parameter : float
        The parameter of f, such as the slope of leaky_relu; 0 if it has none.
    norm : BatchNorm, LayerNorm or None
    scale, shift : ndarray (fan_out,) or None
        Learned scale and shift of the norm.
    mean, variance : ndarray (fan_out,) or None
        Running statistics of batch normalization.
    slope : ndarray (fan_out,) or None
        Learned slope of prelu for negative inputs.
    dropout : float
        Probability that a unit is zeroed in training.
    source : int or None
        The layer whose output is added (residual connection), -1 for X.
    P : ndarray (fan_out of the source, fan_out) or None
        Projection of that output, where the widths differ.
    """

    W: Array
    b: Array | None = None
    activation: str = "identity"
    parameter: float = 0.0
    norm: Any = None
    scale: Array | None = None
    shift: Array | None = None
    mean: Array | None = None
    variance: Array | None = None
    slope: Array | None = None
    dropout: float = 0.0
    source: int | None = None
    P: Array | None = None

    @property
    def fan_in(self) -> int:
        return self.W.shape[0]

    @property
    def fan_out(self) -> int:
        return self.W.shape[1]

    def parameters(self) -> dict[str, Array]:
        """The learned parameters by name, in the order of theta."""
        names = ("W", *VECTORS, "P")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def __repr__(self) -> str:
        more = ["no bias"] if self.b is None and self.scale is None else []
        more += [repr(self.norm)] if self.norm else []
        more += [f"dropout {self.dropout:g}"] if self.dropout else []
        more += [f"adds {'X' if self.source == INPUT else f'layer {self.source}'}"] if self.source is not None else []
        return f"<Layer {self.fan_in} -> {self.fan_out}, {', '.join([self.activation, *more])}>"


@dataclass(frozen=True)
class Spec:
    """The specification of a layer; activation and norm are rows in the registry."""

    fan_out: int
    activation: int
    parameter: float
    learned: bool
    bias: bool
    norm: int = NONE
    eps: float = 0.0
    momentum: float = 0.0
    dropout: float = 0.0
    source: int = NO_SOURCE


def tables(n_inputs: int, specs: Sequence[Spec]) -> tuple[Array, Array]:
    """The tables of a network with these layers.

    Returns
    -------
    layers : structured ndarray (n_layers,), dtype `LAYER`
    params : structured ndarray (n_blocks,), dtype `PARAM`
        W0, b0, scale0, ..., W1, ... in the order of theta.
    """
    layers = np.zeros(len(specs), dtype=LAYER)
    blocks: list[tuple] = []
    end = 0

    def add(name: str, l: int, rows: int, cols: int, source: int | None) -> None:
        nonlocal end
        layers[l][name] = end
        blocks.append((f"{name}{l}", l, end, rows, cols, source is not None, NONE if source is None else source, NONE))
        end += rows * cols

    widths = [n_inputs, *(spec.fan_out for spec in specs)]
    for l, spec in enumerate(specs):
        row, fan_out = layers[l], spec.fan_out
        for name in ("fan_out", "activation", "parameter", "norm", "eps", "momentum", "dropout", "source"):
            row[name] = getattr(spec, name)
        row["fan_in"], row["block"] = widths[l], len(blocks)
        for name in (*VECTORS, "P", "running"):
            row[name] = NONE
        add("W", l, widths[l], fan_out, l - 1)
        has = {"b": spec.bias, "scale": spec.norm != NONE, "shift": spec.norm != NONE, "slope": spec.learned}
        for name in VECTORS:
            if has[name]:
                add(name, l, 1, fan_out, None)
        row["n_vectors"] = len(blocks) - row["block"] - 1
        if spec.source != NO_SOURCE and widths[spec.source + 1] != fan_out:
            add("P", l, widths[spec.source + 1], fan_out, spec.source)
    for row in layers:
        if row["momentum"] > 0:
            row["running"] = end
            end += 2 * int(row["fan_out"])
    return layers, np.array(blocks, dtype=PARAM)


def n_params(params: Array) -> int:
    """The number of parameters, the length of theta."""
    return int((params["rows"] * params["cols"]).sum())


def n_variables(layers: Array, params: Array) -> int:
    """The length of variables: theta, then running means and variances."""
    return n_params(params) + 2 * int(layers["fan_out"][layers["running"] != NONE].sum())


def views(params: Array, flat: Array) -> list[dict[str, Array]]:
    """For each layer, views by name of a buffer with the layout of theta; W and P are matrices, the others vectors."""
    layers: list[dict[str, Array]] = [{} for _ in range(int(params["layer"].max()) + 1)]
    for block in params:
        piece = flat[block["offset"] : block["offset"] + block["rows"] * block["cols"]]
        name = str(block["name"]).rstrip("0123456789")
        layers[block["layer"]][name] = piece.reshape(block["rows"], block["cols"]) if block["matrix"] else piece
    return layers


def running(layers: Array, l: int, variables: Array) -> dict[str, Array]:
    """The running mean and variance of layer l as views of a buffer; empty if it has none."""
    start, width = int(layers["running"][l]), int(layers["fan_out"][l])
    if start == NONE:
        return {}
    return {"mean": variables[start : start + width], "variance": variables[start + width : start + 2 * width]}
