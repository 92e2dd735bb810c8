"""One-hot columns beside numbers: as a dense matrix, or as a sparse one that no wide dense matrix precedes."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from cmlp.layers import Array


def encode(numbers: Array, codes: Sequence[tuple[Array, int]], sparse: bool) -> Array | scipy.sparse.csr_array:
    """The numbers, and behind them one-hot columns.

    Parameters
    ----------
    numbers : ndarray (n_samples, n_numbers)
    codes : sequence of (ndarray (n_samples,) of int, int)
        For each categorical column the place of every cell among its columns, -1 for none, and their number.
    sparse : bool

    Returns
    -------
    matrix : ndarray or csr_array (n_samples, n_numbers + n_one_hot)
    """
    n_rows, n_numbers = numbers.shape
    ends = np.cumsum([n_numbers, *(width for _, width in codes)])
    if not sparse:
        matrix = np.zeros((n_rows, int(ends[-1])), numbers.dtype)
        matrix[:, :n_numbers] = numbers
        for (code, _), start in zip(codes, ends):
            rows = np.flatnonzero(code >= 0)
            matrix[rows, start + code[rows]] = 1
        return matrix
    places = np.empty((n_rows, n_numbers + len(codes)), np.int32)
    places[:, :n_numbers] = np.arange(n_numbers)
    values = np.ones(places.shape, numbers.dtype)
    values[:, :n_numbers] = numbers
    for j, ((code, _), start) in enumerate(zip(codes, ends)):
        places[:, n_numbers + j] = np.where(code < 0, -1, code + int(start))
    stored = places >= 0
    ends_of_rows = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
    shape = (n_rows, int(ends[-1]))
    if stored.all():
        return scipy.sparse.csr_array((values.ravel(), places.ravel(), ends_of_rows), shape=shape)
    return scipy.sparse.csr_array((values[stored], places[stored], ends_of_rows), shape=shape)
