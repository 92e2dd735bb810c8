"""How a step of training is cut into tiles, which threads then take."""

from dataclasses import dataclass

import numpy as np

from cmlp import validation
from cmlp.layers import Array
from cmlp.network import Network


@dataclass(frozen=True)
class LayerGrid:
    """The tiles of one layer. Each row of an array is (first row, rows, first column, columns).

    Attributes
    ----------
    forward : ndarray (n_tiles, 4)
        Of Z, (batch_size, fan_out); of a batch that goes through in chunks, those of the first.
    backward : ndarray (n_tiles, 4)
        Of dA of the layer before, (batch_size, fan_in); none in layer 0.
    gradient : ndarray (n_tiles, 4)
        Of dW, (fan_in, fan_out): the sum over the whole batch is in each.
    """

    forward: Array
    backward: Array
    gradient: Array


@dataclass(frozen=True)
class Grid:
    """What `grid` found.

    Attributes
    ----------
    by_layer : bool
        Whether there is a barrier after each layer; else a tile of forward goes on through all layers, and back.
    layers : list of LayerGrid
    """

    by_layer: bool
    layers: list[LayerGrid]


def grid(net: Network, batch_size: int) -> Grid:
    """The tiles that a step is cut into: a function of the shapes, the dtype and the instruction set, never of the threads.

    Each is computed by one thread, whichever is free, and no sum is cut by the grid: that is why bits do not depend on
    the number of threads.

    Parameters
    ----------
    net : cmlp.Network
    batch_size : int

    Returns
    -------
    Grid

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> cut = inspection.grid(cmlp.Network([784, 512, 256, 10]), 128)
    >>> cut.by_layer, bool(sum(rows * columns for _, rows, _, columns in cut.layers[0].gradient) == 784 * 512)
    (True, True)
    """
    batch_size = validation.check_integer("batch_size", batch_size, 1)
    with net._engines.take(batch_size, training=True, with_loss=True) as engine:
        by_layer, block_rows, capacity = engine.by_layer, engine.block_rows, engine.capacity
        layers, names = engine.layers.copy(), engine.params["name"][engine.tiles[:, 0]]
        gradient = engine.tiles[:, 1:].copy()
    rows = min(batch_size, capacity)
    cut = []
    for l, layer in enumerate(layers):
        fan_in, fan_out = int(layer["fan_in"]), int(layer["fan_out"])
        forward = (int(layer["forward_rows"]), int(layer["forward_columns"])) if by_layer else (block_rows, fan_out)
        backward = (int(layer["backward_rows"]), int(layer["backward_columns"])) if by_layer else (block_rows, fan_in)
        of_Z, of_dA = _tiles(rows, fan_out, *forward), _tiles(rows if l else 0, fan_in, *backward)
        cut.append(LayerGrid(of_Z, of_dA, gradient[names == f"W{l}"]))
    return Grid(by_layer, cut)


def _tiles(n_rows: int, n_columns: int, down: int, across: int) -> Array:
    corners = [(row, column) for column in range(0, n_columns, across) for row in range(0, n_rows, down)]
    tiles = [(row, min(down, n_rows - row), column, min(across, n_columns - column)) for row, column in corners]
    return np.array(tiles, dtype=np.intp).reshape(-1, 4)
