"""The two tables that describe a network's flat buffers, and the views that they describe.

``layers`` has one row a layer: widths, activation, and where its W and b begin in ``theta`` (and, once an engine has laid
out a work space, where its Z, A and dZ begin in that). ``params`` has one row a block of parameters. Both are NumPy
structured arrays of offsets, so they serve float32 and float64, Python, the reference and the compiled core alike.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# field for field the struct Layer of src_pyx/cmlp/_plan.pxd
LAYER = np.dtype(
    [
        ("fan_in", np.intp),
        ("fan_out", np.intp),
        ("activation", np.intp),
        ("parameter", np.float64),
        ("bias", np.intp),
        ("block", np.intp),
        ("W", np.intp),
        ("b", np.intp),
        ("Z", np.intp),
        ("A", np.intp),
        ("dZ", np.intp),
        ("forward_rows", np.intp),
        ("forward_columns", np.intp),
        ("backward_rows", np.intp),
        ("backward_columns", np.intp),
        ("gradient_rows", np.intp),
        ("gradient_columns", np.intp),
    ]
)

PARAM = np.dtype([("name", "U16"), ("layer", np.intp), ("offset", np.intp), ("rows", np.intp), ("cols", np.intp)])


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: ``A = f(A_prev . W + b)``.

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
    """

    W: Array
    b: Array | None
    activation: str
    parameter: float = 0.0

    @property
    def fan_in(self) -> int:
        return self.W.shape[0]

    @property
    def fan_out(self) -> int:
        return self.W.shape[1]

    def __repr__(self) -> str:
        bias = "" if self.b is not None else ", no bias"
        return f"<Layer {self.fan_in} -> {self.fan_out}, {self.activation}{bias}>"


def tables(sizes, rows, parameters, biases) -> tuple[Array, Array]:
    """The tables of a network of these widths.

    Parameters
    ----------
    sizes : sequence of int (n_layers + 1,)
        Width of the input and of every layer.
    rows, parameters, biases : sequences (n_layers,)
        Of each layer: its activation's row in the registry, the activation's parameter, and whether it has a bias.

    Returns
    -------
    layers : structured ndarray (n_layers,), dtype `LAYER`
    params : structured ndarray (n_blocks,), dtype `PARAM`
        W0, b0, W1, b1, ... in the order in which they lie in theta.
    """
    layers = np.zeros(len(sizes) - 1, dtype=LAYER)
    blocks: list[tuple[str, int, int, int, int]] = []
    end = 0
    for l, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        layers[l]["fan_in"], layers[l]["fan_out"] = fan_in, fan_out
        layers[l]["activation"], layers[l]["parameter"], layers[l]["bias"] = rows[l], parameters[l], biases[l]
        layers[l]["block"] = len(blocks)
        layers[l]["W"], layers[l]["b"] = end, end + fan_in * fan_out
        blocks.append((f"W{l}", l, end, fan_in, fan_out))
        end += fan_in * fan_out
        if biases[l]:
            blocks.append((f"b{l}", l, end, 1, fan_out))
            end += fan_out
    return layers, np.array(blocks, dtype=PARAM)


def n_params(params: Array) -> int:
    """Numbers in theta."""
    return int((params["rows"] * params["cols"]).sum())


def views(params: Array, flat: Array) -> list[tuple[Array, Array | None]]:
    """(W, b) of every layer as views of a flat buffer laid out as theta is; b is None where there is none."""
    pairs: list[tuple[Array, Array | None]] = []
    for block in params:
        piece = flat[block["offset"] : block["offset"] + block["rows"] * block["cols"]]
        if block["name"].startswith("W"):
            pairs.append((piece.reshape(block["rows"], block["cols"]), None))
        else:
            pairs[-1] = (pairs[-1][0], piece)
    return pairs
