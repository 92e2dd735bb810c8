"""Normalised values, and the gradient through them: of the columns of a batch, or of its rows.

Sums are taken in double. Equations: cmlp/reference/norms.py.
"""

from cython cimport floating
from libc.math cimport sqrt

from cmlp._norm_table cimport register_norm
from cmlp._plan cimport n_tiles
from cmlp._sums cimport sum_in_lanes, sum_squares_about

cdef enum:
    PANEL = 64                           # columns whose sums are taken together


cdef inline floating inverse_deviation(floating variance, double eps) noexcept nogil:
    return <floating>(1 / sqrt(<double>variance + eps))


# --- batch: a mean and a variance for each column ---------------------------------------------------------------
cdef inline void find_statistics(
    const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* mean, floating* variance,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double[PANEL] total
    cdef double[PANEL] squares
    cdef double difference
    # mean_j = sum_i Z_ij / n;   variance_j = sum_i (Z_ij - mean_j)^2 / n
    for j in range(n_columns):
        total[j] = squares[j] = 0
    for i in range(n_rows):
        for j in range(n_columns):
            total[j] += Z[i * stride + j]
    for j in range(n_columns):
        total[j] /= n_rows
    for i in range(n_rows):
        for j in range(n_columns):
            difference = Z[i * stride + j] - total[j]
            squares[j] += difference * difference
    for j in range(n_columns):
        mean[j], variance[j] = <floating>total[j], <floating>(squares[j] / n_rows)


cdef void batch_forward(
    const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const floating* scale,
    const floating* shift, double eps, bint given, floating* mean, floating* variance, floating* hat, floating* N,
) noexcept nogil:
    cdef Py_ssize_t i, j, k, panel, start, width
    cdef floating[PANEL] factor
    cdef floating normal
    for panel in range(n_tiles(n_columns, PANEL)):
        start = panel * PANEL
        width = min(<Py_ssize_t>PANEL, n_columns - start)
        if not given:
            find_statistics(Z + start, stride, n_rows, width, mean + start, variance + start)
        for j in range(width):
            factor[j] = inverse_deviation(variance[start + j], eps)
        # hat = (Z - mean) / sqrt(variance + eps);   N = scale hat + shift
        for i in range(n_rows):
            for j in range(width):
                k = i * stride + start + j
                normal = (Z[k] - mean[start + j]) * factor[j]
                hat[k] = normal
                N[k] = scale[start + j] * normal + shift[start + j]


cdef void batch_backward(
    const floating* dN, const floating* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns,
    const floating* scale, double eps, bint given, const floating* variance, floating* dscale, floating* dZ,
) noexcept nogil:
    cdef Py_ssize_t i, j, k, panel, start, width
    cdef double[PANEL] total
    cdef double[PANEL] product
    cdef floating[PANEL] factor
    cdef floating[PANEL] mean
    cdef floating[PANEL] slope
    for panel in range(n_tiles(n_columns, PANEL)):
        start = panel * PANEL
        width = min(<Py_ssize_t>PANEL, n_columns - start)
        for j in range(width):
            total[j] = product[j] = 0
        for i in range(n_rows):
            for j in range(width):
                k = i * stride + start + j
                dscale[k] = dN[k] * hat[k]
                total[j] += dN[k]
                product[j] += dscale[k]
        for j in range(width):
            factor[j] = scale[start + j] * inverse_deviation(variance[start + j], eps)
            mean[j] = <floating>0 if given else <floating>(total[j] / n_rows)
            slope[j] = <floating>0 if given else <floating>(product[j] / n_rows)
        # dZ = scale (dN - mean(dN) - hat mean(dN hat)) / sqrt(variance + eps)
        for i in range(n_rows):
            for j in range(width):
                k = i * stride + start + j
                dZ[k] = factor[j] * (dN[k] - mean[j] - hat[k] * slope[j])


register_norm(
    "batch", batch_forward[float], batch_forward[double], batch_backward[float], batch_backward[double],
    {"by_columns": True})


# --- layer: a mean and a variance for each row ------------------------------------------------------------------
cdef void layer_forward(
    const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const floating* scale,
    const floating* shift, double eps, bint given, floating* mean, floating* variance, floating* hat, floating* N,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef floating factor, normal
    cdef double exact
    for i in range(n_rows):
        exact = sum_in_lanes(Z, n_columns) / n_columns
        mean[i] = <floating>exact
        variance[i] = <floating>(sum_squares_about(Z, exact, n_columns) / n_columns)
        factor = inverse_deviation(variance[i], eps)
        # hat = (Z - mean) / sqrt(variance + eps);   N = scale hat + shift
        for j in range(n_columns):
            normal = (Z[j] - mean[i]) * factor
            hat[j] = normal
            N[j] = scale[j] * normal + shift[j]
        Z += stride
        hat += stride
        N += stride


cdef void layer_backward(
    const floating* dN, const floating* hat, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns,
    const floating* scale, double eps, bint given, const floating* variance, floating* dscale, floating* dZ,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef floating factor, mean, slope
    for i in range(n_rows):
        # dhat = scale dN, kept in dZ, and dhat hat, kept in dscale
        for j in range(n_columns):
            dZ[j] = scale[j] * dN[j]
            dscale[j] = dZ[j] * hat[j]
        mean = <floating>(sum_in_lanes(<const floating*>dZ, n_columns) / n_columns)
        slope = <floating>(sum_in_lanes(<const floating*>dscale, n_columns) / n_columns)
        factor = inverse_deviation(variance[i], eps)
        # dZ = (dhat - mean(dhat) - hat mean(dhat hat)) / sqrt(variance + eps)
        for j in range(n_columns):
            dZ[j] = factor * (dZ[j] - mean - hat[j] * slope)
            dscale[j] = dN[j] * hat[j]
        dN += stride
        hat += stride
        dscale += stride
        dZ += stride


register_norm(
    "layer", layer_forward[float], layer_forward[double], layer_backward[float], layer_backward[double],
    {"by_columns": False})
