"""The tiles into which a training step is divided for the threads."""

from dataclasses import dataclass

import numpy as np

from cmlp import validation
from cmlp.inspection.subjects import Subject, network_of
from cmlp.layers import Array


@dataclass(frozen=True)
class LayerGrid:
    """The tiles of one layer. Each row of an array is (first row, rows, first column, columns).

    Attributes
    ----------
    forward : ndarray (n_tiles, 4)
        Tiles of Z (batch_size, fan_out); where the batch is processed in chunks, those of the first chunk.
    backward : ndarray (n_tiles, 4)
        Tiles of dA of the previous layer (batch_size, fan_in); none in layer 0.
    gradient : ndarray (n_tiles, 4)
        Tiles of dW (fan_in, fan_out); each is summed over the whole batch.
    """

    forward: Array
    backward: Array
    gradient: Array

    def __repr__(self) -> str:
        return f"<LayerGrid: tiles: {len(self.forward)} forward, {len(self.backward)} backward, {len(self.gradient)} of dW>"


@dataclass(frozen=True)
class Grid:
    """What `grid` returns.

    Attributes
    ----------
    by_layer : bool
        Whether all threads wait for each other after each layer; else each tile of rows passes through all layers, forward and
        backward, without a barrier.
    layers : list of LayerGrid
    """

    by_layer: bool
    layers: list[LayerGrid]

    def __repr__(self) -> str:
        return f"<Grid: {'layer by layer' if self.by_layer else 'all layers at once'}, {self.layers}>"


def grid(net: Subject, batch_size: int) -> Grid:
    """The tiles into which a training step is divided. They depend on shapes, dtype and instruction set, not on threads.

    A tile is computed by one thread, whichever is free, and no sum is split between tiles. So the results are bitwise
    identical for any number of threads.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
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
    with network_of(net)._engines.take(batch_size, training=True, with_loss=True) as engine:
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
