"""Single kernels, for those who compare them with the reference: the tests, and the walkthrough.

Matrices are contiguous, float32 or float64, all of one type in a call; outputs are written in place.
"""

import numpy as np

from cython cimport floating
from libc.stdint cimport uint64_t
cimport numpy as cnp

from cmlp._activation_table cimport (
    activation_backward as call_backward, activation_forward as call_forward, learned_backward, learned_forward,
)
from cmlp._loss_table cimport loss_gradient as call_loss
from cmlp._norm_table cimport norm_backward as call_norm_backward, norm_forward as call_norm
from cmlp._optimizer_table cimport optimizer_change as call_optimizer, optimizer_values
from cmlp._product_loops cimport skip_zeros as call_skip_zeros
from cmlp._products cimport can_skip_zeros, gemm_nn, gemm_nt, gemm_tn
from cmlp._random cimport DROPOUT, Draw, permutation as fill_permutation
from cmlp._row_loops cimport add_noise, draw_mask
from cmlp._table cimport MOST_VALUES
from cmlp._registry import activations, losses, norms, optimizers, outputs_per_target

cnp.import_array()

skips_zeros = can_skip_zeros()           # in this build, on this processor


cdef bint single(tuple arrays) except -1:
    """Whether these arrays are matrices of float32; they may all be of float64 instead, and nothing else."""
    dtype = arrays[0].dtype
    for array in arrays:
        if array.ndim != 2 or not array.flags.c_contiguous or array.dtype != dtype:
            raise TypeError("expected contiguous matrices of one dtype")
    if dtype != np.float32 and dtype != np.float64:
        raise TypeError(f"expected float32 or float64, got {dtype}")
    return dtype == np.float32


cdef int same_shape(tuple arrays) except -1:
    for array in arrays:
        if array.shape != arrays[0].shape:
            raise TypeError(f"shapes differ: {array.shape}, {arrays[0].shape}")
    return 0


cdef inline void* data(cnp.ndarray array) noexcept:
    return cnp.PyArray_DATA(array)


cdef void call_gemm(
    str kind, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, const floating* B, const floating* S,
    Py_ssize_t lds, floating* C, bint skip_zeros,
) noexcept:
    cdef bint transposed = kind == "tn"
    if skip_zeros:
        call_skip_zeros(transposed, m, n, k, A, m if transposed else k, B, n, S, lds, C, n)
    elif kind == "nn":
        gemm_nn(m, n, k, A, k, B, n, S, lds, C, n)
    elif kind == "tn":
        gemm_tn(m, n, k, A, m, B, n, S, lds, C, n)
    else:
        gemm_nt(m, n, k, A, k, B, k, S, lds, C, n)


def gemm(str kind, cnp.ndarray A, cnp.ndarray B, cnp.ndarray C, cnp.ndarray S=None, bint skip_zeros=False):
    """C = S + op(A) . op(B), kind "nn", "tn" or "nt". S may be C, or one row for all; None: zeros.

    skip_zeros: those of A, for "nn" and "tn", where `skips_zeros`.
    """
    cdef Py_ssize_t m = C.shape[0], n = C.shape[1], k = B.shape[1 if kind == "nt" else 0], lds = 0
    cdef bint is_single = single((A, B, C) if S is None else (A, B, C, S))
    cdef void* start = NULL
    fitting = {"nn": ((m, k), (k, n)), "tn": ((k, m), (k, n)), "nt": ((m, k), (n, k))}[kind]
    if ((<object>A).shape, (<object>B).shape) != fitting:
        raise TypeError("the shapes do not fit")
    if skip_zeros and (kind == "nt" or not skips_zeros):
        raise TypeError("zeros are not skipped here")
    if S is not None:
        if (<object>S).shape not in ((1, n), (m, n)):
            raise TypeError("the shape of S does not fit")
        start, lds = data(S), n if S.shape[0] == m else 0
    if is_single:
        call_gemm(kind, m, n, k, <const float*>data(A), <const float*>data(B), <const float*>start, lds, <float*>data(C),
                  skip_zeros)
    else:
        call_gemm(kind, m, n, k, <const double*>data(A), <const double*>data(B), <const double*>start, lds, <double*>data(C),
                  skip_zeros)


cdef object slope_of(str name, parameter, cnp.ndarray Z):
    """One number for each unit, where a name stands for a function with learned slopes; else None."""
    if not activations[name].learned:
        return None
    return np.broadcast_to(
        np.asarray(activations[name].parameter if parameter is None else parameter, (<object>Z).dtype), (1, Z.shape[1])).copy()


def activation_forward(str name, cnp.ndarray Z, cnp.ndarray A, parameter=None):
    """A = f(Z). For a function with learned slopes, `parameter` may be the slopes."""
    cdef Py_ssize_t n_rows = Z.shape[0], width = Z.shape[1], row = activations[name].row
    cdef double p = 0
    cdef bint is_single = single((Z, A))
    slope = slope_of(name, parameter, Z)
    same_shape((Z, A))
    if slope is None:
        p = activations[name].parameter if parameter is None else parameter
        if is_single:
            call_forward(row, <const float*>data(Z), <float*>data(A), n_rows, width, p)
        else:
            call_forward(row, <const double*>data(Z), <double*>data(A), n_rows, width, p)
    elif is_single:
        learned_forward(row, <const float*>data(Z), <const float*>data(slope), <float*>data(A), n_rows, width)
    else:
        learned_forward(row, <const double*>data(Z), <const double*>data(slope), <double*>data(A), n_rows, width)


def activation_backward(str name, cnp.ndarray Z, cnp.ndarray A, cnp.ndarray dZ, parameter=None, dslope=None):
    """dZ = dA * f'(Z); dZ holds dA on entry. With learned slopes, dslope takes what their gradient sums up, of Z's shape."""
    cdef Py_ssize_t n_rows = Z.shape[0], width = Z.shape[1], row = activations[name].row
    cdef double p = 0
    cdef bint is_single = single((Z, A, dZ))
    slope = slope_of(name, parameter, Z)
    same_shape((Z, A, dZ))
    if slope is None:
        p = activations[name].parameter if parameter is None else parameter
        if is_single:
            call_backward(row, <const float*>data(Z), <const float*>data(A), <float*>data(dZ), n_rows, width, p)
        else:
            call_backward(row, <const double*>data(Z), <const double*>data(A), <double*>data(dZ), n_rows, width, p)
        return
    dslope = np.empty_like(dZ) if dslope is None else dslope
    single((dZ, dslope))
    same_shape((dZ, dslope))
    if is_single:
        learned_backward(row, <const float*>data(Z), <const float*>data(slope), <float*>data(dZ), <float*>data(dslope), n_rows,
                         width)
    else:
        learned_backward(row, <const double*>data(Z), <const double*>data(slope), <double*>data(dZ), <double*>data(dslope),
                         n_rows, width)


def norm_forward(
    str name, cnp.ndarray Z, cnp.ndarray scale, cnp.ndarray shift, double eps, cnp.ndarray mean, cnp.ndarray variance,
    cnp.ndarray hat, cnp.ndarray N, bint given=False,
):
    """hat = (Z - mean) / sqrt(variance + eps), N = scale hat + shift; mean and variance are found, unless given.

    scale, shift (1, n_units); mean, variance (1, n_units) or, of rows, (1, n_rows).
    """
    cdef Py_ssize_t n_rows = Z.shape[0], width = Z.shape[1], row = norms[name].row
    same_shape((Z, hat, N))
    same_shape((Z[:1], scale, shift))
    same_shape((Z[:1] if norms[name].by_columns else Z[:, :1].T, mean, variance))
    if single((Z, scale, shift, mean, variance, hat, N)):
        call_norm(row, <const float*>data(Z), width, n_rows, width, <const float*>data(scale), <const float*>data(shift), eps,
                  given, <float*>data(mean), <float*>data(variance), <float*>data(hat), <float*>data(N))
    else:
        call_norm(row, <const double*>data(Z), width, n_rows, width, <const double*>data(scale), <const double*>data(shift),
                  eps, given, <double*>data(mean), <double*>data(variance), <double*>data(hat), <double*>data(N))


def norm_backward(
    str name, cnp.ndarray dN, cnp.ndarray hat, cnp.ndarray scale, double eps, cnp.ndarray variance, cnp.ndarray dscale,
    cnp.ndarray dZ, bint given=False,
):
    """dZ from dN, and dscale = dN hat, both of dN's shape."""
    cdef Py_ssize_t n_rows = dN.shape[0], width = dN.shape[1], row = norms[name].row
    same_shape((dN, hat, dscale, dZ))
    same_shape((dN[:1], scale))
    same_shape((dN[:1] if norms[name].by_columns else dN[:, :1].T, variance))
    if single((dN, hat, scale, variance, dscale, dZ)):
        call_norm_backward(row, <const float*>data(dN), <const float*>data(hat), width, n_rows, width,
                           <const float*>data(scale), eps, given, <const float*>data(variance), <float*>data(dscale),
                           <float*>data(dZ))
    else:
        call_norm_backward(row, <const double*>data(dN), <const double*>data(hat), width, n_rows, width,
                           <const double*>data(scale), eps, given, <const double*>data(variance), <double*>data(dscale),
                           <double*>data(dZ))


def dropout_mask(
    cnp.ndarray mask, double rate, uint64_t seed, uint64_t layer, uint64_t t, purpose=None, Py_ssize_t row=0,
    Py_ssize_t column=0,
):
    """Fill a mask; layer 0 is that of the inputs. It begins at row `row` and column `column`, a multiple of 16."""
    cdef Draw draw = Draw(seed, layer, t, DROPOUT if purpose is None else purpose)
    if single((mask,)):
        draw_mask(&draw, rate, row, column, mask.shape[1], mask.shape[0], mask.shape[1], <float*>data(mask))
    else:
        draw_mask(&draw, rate, row, column, mask.shape[1], mask.shape[0], mask.shape[1], <double*>data(mask))


def noise(cnp.ndarray X, double deviation, uint64_t seed, uint64_t t, Py_ssize_t row=0):
    """X += deviation times standard normal numbers."""
    cdef Draw draw = Draw(seed, 0, t, DROPOUT)
    if single((X,)):
        add_noise(&draw, deviation, row, X.shape[0], X.shape[1], <float*>data(X))
    else:
        add_noise(&draw, deviation, row, X.shape[0], X.shape[1], <double*>data(X))


def loss_gradient(
    str name, cnp.ndarray P, cnp.ndarray Y, cnp.ndarray dP, sample_weight=None, double scale=1.0, hyper=(),
):
    """The sum of the weighted losses of the rows; dP = its gradient times scale. sample_weight: (n_rows, 1)."""
    cdef Py_ssize_t n_rows = P.shape[0], width = P.shape[1], n_targets = Y.shape[1]
    cdef int row = losses[name].row
    cdef void* weights = NULL
    cdef cnp.ndarray numbers = np.array(hyper, dtype=np.float64)
    cdef const double* values = <const double*>data(numbers)
    same_shape((P, dP))
    if len(Y) != len(P) or n_targets * outputs_per_target(name, tuple(hyper)) != width:
        raise TypeError("the targets do not fit the outputs")
    if sample_weight is not None:
        single((P, sample_weight))
        same_shape((P[:, :1], sample_weight))
        weights = data(sample_weight)
    if single((P, Y, dP)):
        return call_loss(row, <const float*>data(P), <const float*>data(Y), <const float*>weights, <float*>data(dP),
                         n_rows, width, n_targets, scale, values)
    return call_loss(row, <const double*>data(P), <const double*>data(Y), <const double*>weights, <double*>data(dP),
                     n_rows, width, n_targets, scale, values)


def optimizer_change(str name, cnp.ndarray change, cnp.ndarray state, hyper, Py_ssize_t t):
    """change (1, n): a gradient on entry, what it moves the parameters by on return; state (n_slots, n): the optimizer's."""
    cdef Py_ssize_t n = change.shape[1]
    cdef int row = optimizers[name].row
    cdef cnp.ndarray numbers = np.array(hyper, dtype=np.float64)
    cdef double[MOST_VALUES] values
    if (<object>state).shape != (optimizers[name].n_slots, n) or len(numbers) != len(optimizers[name].hyper):
        raise TypeError("the state or the hyperparameters do not fit the optimizer")
    optimizer_values(row, <const double*>data(numbers), t, values)
    if single((change, state)):
        call_optimizer(row, <float*>data(change), <float*>data(state), n, n, values)
    else:
        call_optimizer(row, <double*>data(change), <double*>data(state), n, n, values)


def permutation(Py_ssize_t n, uint64_t seed, uint64_t epoch):
    """The order of n samples in an epoch."""
    order = np.empty(n, dtype=np.intp)
    fill_permutation(<Py_ssize_t*>data(order), n, seed, epoch)
    return order
