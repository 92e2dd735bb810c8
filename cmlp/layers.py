"""The two tables that describe a network's flat buffers, and the views that they describe.

``layers`` has one row a layer: widths, functions, and where its parameters begin in ``theta`` (and, once an engine has laid
out a work space, where its Z, A and dZ begin in that). ``params`` has one row a block of parameters. Both are NumPy
structured arrays of offsets, so they serve float32 and float64, Python, the reference and the compiled core alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NONE = -1  # an offset of what a layer does not have
INPUT = -1  # the source of a residual connection that begins at X
NO_SOURCE = -2  # that of a layer without one

VECTORS = ("b", "scale", "shift", "slope")  # blocks with a number for each unit, in the order in which they follow W
PLACES = ("Z", "hat", "N", "A", "out", "mask", "dZ", "dN", "dout", "dscale", "dslope", "statistics")  # in the work space
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

# and the struct Block; `source` is the layer whose output the block multiplies, `delta` the place its gradient is made from
PARAM = np.dtype(
    [("name", "U16")] + [(name, np.intp) for name in ("layer", "offset", "rows", "cols", "matrix", "source", "delta")]
)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``Z = A_prev . W + b``, ``A = f(Z)``; with a norm, ``A = f(scale hat(Z) + shift)``.

    What the next layer multiplies is A; with dropout ``mask A``, with a residual connection that plus what the source layer
    puts out, or ``. P`` of it.

    Attributes
    ----------
    W : ndarray (fan_in, fan_out)
        Weights; in a network, a view of its ``theta``.
    b : ndarray (fan_out,) or None
        Biases; None where the layer has none.
    activation : str
        Name of f.
    parameter : float
        What f depends on besides Z, such as the slope of leaky_relu; 0 where nothing.
    norm : BatchNorm, LayerNorm or None
    scale, shift : ndarray (fan_out,) or None
        Of the normalised values.
    mean, variance : ndarray (fan_out,) or None
        The running ones of batch normalisation.
    slope : ndarray (fan_out,) or None
        Of prelu, below 0.
    dropout : float
        Rate.
    source : int or None
        The layer whose output is added, -1 for X.
    P : ndarray (fan_out of the source, fan_out) or None
        Projects it, where the widths differ.
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
        """Name -> array of what is learned, in the order in which it lies in theta."""
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
    """What a layer is to be; its activation and norm by their rows in the registry."""

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
    """The tables of a network of these layers.

    Returns
    -------
    layers : structured ndarray (n_layers,), dtype `LAYER`
    params : structured ndarray (n_blocks,), dtype `PARAM`
        W0, b0, scale0, ..., W1, ... in the order in which they lie in theta.
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
    """Numbers in theta."""
    return int((params["rows"] * params["cols"]).sum())


def n_variables(layers: Array, params: Array) -> int:
    """Numbers in theta and, behind it, running means and variances."""
    return n_params(params) + 2 * int(layers["fan_out"][layers["running"] != NONE].sum())


def views(params: Array, flat: Array) -> list[dict[str, Array]]:
    """For every layer, name -> block of a flat buffer laid out as theta is; W and P are matrices, the others vectors."""
    layers: list[dict[str, Array]] = [{} for _ in range(int(params["layer"].max()) + 1)]
    for block in params:
        piece = flat[block["offset"] : block["offset"] + block["rows"] * block["cols"]]
        name = str(block["name"]).rstrip("0123456789")
        layers[block["layer"]][name] = piece.reshape(block["rows"], block["cols"]) if block["matrix"] else piece
    return layers


def running(layers: Array, l: int, variables: Array) -> dict[str, Array]:
    """The running mean and variance of layer l as views of a flat buffer; nothing where it has none."""
    start, width = int(layers["running"][l]), int(layers["fan_out"][l])
    if start == NONE:
        return {}
    return {"mean": variables[start : start + width], "variance": variables[start + width : start + 2 * width]}
