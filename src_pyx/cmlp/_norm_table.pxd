"""Norms: the table of their kernels, a row for each name in `norms`."""

from cython cimport floating

from cmlp._table cimport TABLE_SIZE

# hat = (Z - mean) / sqrt(variance + eps), N = scale hat + shift, for rows `stride` apart. Mean and variance of each column, or
# of each row, are found first, unless given. Z and hat may be the same memory.
ctypedef void (*norm_forward_f32)(
    const float* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const float* scale, const float* shift,
    double eps, bint given, float* mean, float* variance, float* hat, float* N) noexcept nogil
ctypedef void (*norm_forward_f64)(
    const double* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const double* scale, const double* shift,
    double eps, bint given, double* mean, double* variance, double* hat, double* N) noexcept nogil

# dZ from dN, and dscale = dN hat, whose columns add up to the gradient of the scale. given: mean and variance are constants.
ctypedef void (*norm_backward_f32)(
    const float* dN, const float* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const float* scale,
    double eps, bint given, const float* variance, float* dscale, float* dZ) noexcept nogil
ctypedef void (*norm_backward_f64)(
    const double* dN, const double* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const double* scale,
    double eps, bint given, const double* variance, double* dscale, double* dZ) noexcept nogil

cdef struct Norm:
    norm_forward_f32 forward32
    norm_forward_f64 forward64
    norm_backward_f32 backward32
    norm_backward_f64 backward64
    bint by_columns                  # a mean for each unit, over all rows of the batch; else one for each row, over all units

cdef Norm[TABLE_SIZE] NORM

cdef int register_norm(
    str name, norm_forward_f32 forward32, norm_forward_f64 forward64, norm_backward_f32 backward32,
    norm_backward_f64 backward64, dict traits) except -1


cdef inline void norm_forward(
    Py_ssize_t norm, const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const floating* scale,
    const floating* shift, double eps, bint given, floating* mean, floating* variance, floating* hat, floating* N,
) noexcept nogil:
    if floating is float:
        NORM[norm].forward32(Z, stride, n_rows, n_columns, scale, shift, eps, given, mean, variance, hat, N)
    else:
        NORM[norm].forward64(Z, stride, n_rows, n_columns, scale, shift, eps, given, mean, variance, hat, N)


cdef inline void norm_backward(
    Py_ssize_t norm, const floating* dN, const floating* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns,
    const floating* scale, double eps, bint given, const floating* variance, floating* dscale, floating* dZ,
) noexcept nogil:
    if floating is float:
        NORM[norm].backward32(dN, hat, stride, n_rows, n_columns, scale, eps, given, variance, dscale, dZ)
    else:
        NORM[norm].backward64(dN, hat, stride, n_rows, n_columns, scale, eps, given, variance, dscale, dZ)
