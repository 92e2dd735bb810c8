"""The caller's arrays made ready for the core: looked at, never copied whole."""

import math
from typing import NamedTuple

import numpy as np
import scipy.sparse

from cmlp import validation
from cmlp.data import targets
from cmlp.data.columns import Columns
from cmlp.data.fitting import kinds_of
from cmlp.data.frames import sparse_frame
from cmlp.data.tables import Table
from cmlp.data.targets import Targets
from cmlp.layers import Array
from cmlp.runtime.compiled import Samples, largest, usable_as_it_is

BLOCK = 1 << 16  # numbers looked at together for one that is not finite


class Csr(NamedTuple):
    """Compressed rows as the core takes them."""

    data: Array
    indices: Array
    indptr: Array
    shape: tuple[int, int]


class Meanings(NamedTuple):
    """What the data mean for a network from now on."""

    targets: Targets
    columns: Columns | None


def columns_of(network, X) -> Columns | None:
    """What a network that is trained on X takes the columns of frames to be from now on."""
    if network._columns is not None or not Table.like(X):
        return network._columns
    table = Table.read(X)
    return Columns(kinds_of(table, None), table.names)


def make_inputs(network, X):
    """X alone, checked against a network and bound for its engines."""
    return Samples(_inputs(network, X, network._columns), input_scale=network.input_scale)


def make_samples(network, X, y, sample_weight=None, known=None, class_weight=None, columns=None):
    """(samples, targets): X, y and weights checked against a network and bound for its engines.

    known, columns: what y means and what the columns of X are, where it is not what the network knows. class_weight multiplies
    sample_weight.
    """
    X = _inputs(network, X, columns or network._columns)
    n_samples = X.shape[0]
    Y, meaning = targets.encode(y, n_samples, network.loss_function, network.n_targets, known or network._targets)
    if Y.ndim == 2:
        _check_finite(Y, "y", network.dtype, 1.0)
    if class_weight is not None:
        sample_weight = targets.weigh_classes(class_weight, Y, meaning, sample_weight)
    weight = validation.check_sample_weight(sample_weight, n_samples)
    return Samples(X, Y, weight, network.input_scale, network.loss_function.off), meaning


def _inputs(network, X, columns):
    if network.input_scale == 1 and usable_as_it_is(X, network._architecture.sizes[0], network.dtype):
        return X
    X = sparse_frame(X)
    if scipy.sparse.issparse(X):
        return _compressed(network, X)
    if Table.like(X):
        X = _features(network, Table.read(X), columns)
    X = validation.check_matrix(X, network._architecture.sizes[0])
    _check_finite(X, "X", network.dtype, network.input_scale)
    return X


def _features(network, table: Table, columns: Columns | None) -> Array:
    """The columns of a frame as a matrix, in the order of training."""
    columns = columns or Columns(kinds_of(table, None))
    table = columns.matched(table)
    if table.matrix is not None and columns.all_plain and bool(np.isfinite(table.matrix).all()):
        return table.matrix
    return columns.transform(table, network.dtype)


def _compressed(network, X):
    """A sparse X in compressed rows, in the network's dtype, indices sorted: the caller's arrays where they are so."""
    validation.check_sparse(X, network)
    X = X.tocsr() if X.format != "csr" else X
    validation.check_csr(X)
    if not validation.rows_are_sorted(X):
        X = scipy.sparse.csr_array((X.data.copy(), X.indices.copy(), X.indptr), shape=X.shape)
        X.sort_indices()
    indices, indptr = (np.ascontiguousarray(part, kind) for part, kind in ((X.indices, np.int32), (X.indptr, np.int64)))
    with np.errstate(over="ignore"):
        data = np.ascontiguousarray(X.data, network.dtype)
        finite = math.isfinite(largest(data) * abs(network.input_scale)) if len(data) else True
    if not finite:
        entry = int(np.flatnonzero(~np.isfinite(data * network.dtype.type(network.input_scale)))[0])
        row = int(np.searchsorted(indptr, entry, side="right")) - 1
        validation.raise_not_finite("X", row, int(indices[entry]), X.data[entry], network.dtype, network.input_scale)
    return Csr(data, indices, indptr, X.shape)


def _check_finite(array, name: str, dtype: np.dtype, scale: float) -> None:
    """Raise at the first number that is nan or infinite, or becomes so when converted and scaled."""
    if array.dtype.kind != "f":
        most = 1 if array.dtype.kind == "b" else float(np.iinfo(array.dtype).max)
        if most * abs(scale) < float(np.finfo(dtype).max) / 2:
            return
    as_it_is = array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned and scale == 1
    width = array.shape[1]
    n_rows = max(1, BLOCK // max(1, width))
    buffer = np.empty((0 if as_it_is else min(n_rows, len(array)), width), dtype=dtype)
    samples = None if as_it_is else Samples(array, input_scale=scale)
    for start in range(0, len(array), n_rows):
        block = array[start : start + n_rows]
        if samples is not None:
            samples.rows(start, buffer[: len(block)])
            block = buffer[: len(block)]
        if not math.isfinite(largest(block)):
            row, column = (int(place) for place in np.argwhere(~np.isfinite(block))[0])
            column_shown = None if name == "y" and width == 1 else column
            validation.raise_not_finite(name, start + row, column_shown, array[start + row, column], dtype, scale)
