"""Normalised values, and the gradient through them: of the columns of a batch, or of its rows.

Sums are taken in double. Equations: cmlp/reference/norms.py.
"""

from cython cimport floating
from libc.math cimport sqrt

from cmlp._norm_table cimport register_norm
from cmlp._plan cimport n_tiles

cdef enum:
    PANEL = 64                           # columns whose sums are taken together
    LANES = 16                           # sums of a row that are taken side by side


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
cdef inline double mean_of_row(const floating* row, Py_ssize_t n) noexcept nogil:
    """The mean, lane by lane first."""
    cdef Py_ssize_t i, j
    cdef double[LANES] lanes
    cdef double total = 0
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            lanes[j] += row[i * LANES + j]
    for i in range(n // LANES * LANES, n):
        total += row[i]
    for j in range(LANES):
        total += lanes[j]
    return total / n


cdef inline double mean_of_squares(const floating* row, double mean, Py_ssize_t n) noexcept nogil:
    """The mean of (row - mean)^2, lane by lane first."""
    cdef Py_ssize_t i, j
    cdef double[LANES] lanes
    cdef double total = 0, difference
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            difference = row[i * LANES + j] - mean
            lanes[j] += difference * difference
    for i in range(n // LANES * LANES, n):
        total += (row[i] - mean) * (row[i] - mean)
    for j in range(LANES):
        total += lanes[j]
    return total / n


cdef void layer_forward(
    const floating* Z, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, const floating* scale,
    const floating* shift, double eps, bint given, floating* mean, floating* variance, floating* hat, floating* N,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef floating factor, normal
    cdef double exact
    for i in range(n_rows):
        exact = mean_of_row(Z, n_columns)
        mean[i] = <floating>exact
        variance[i] = <floating>mean_of_squares(Z, exact, n_columns)
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
        mean = <floating>mean_of_row(<const floating*>dZ, n_columns)
        slope = <floating>mean_of_row(<const floating*>dscale, n_columns)
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
