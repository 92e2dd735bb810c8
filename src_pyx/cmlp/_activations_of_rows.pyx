"""Activation functions of the units of a row together, mostly output functions. Equations: cmlp/reference/activations.py."""

from cython cimport floating

from cmlp._elementary cimport exponential_of
from cmlp._activation_table cimport register_activation


# --- mean_variance: pairs of units, a mean and the logarithm of a variance; an output function only ----------
cdef void mean_variance_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A_i,2j = Z_i,2j                                  A_i,2j+1 = e^Z_i,2j+1
    for i in range(n_rows * (width // 2)):
        A[2 * i] = Z[2 * i]
        A[2 * i + 1] = exponential_of(Z[2 * i + 1])


cdef void mean_variance_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ_i,2j = dA_i,2j                                dZ_i,2j+1 = dA_i,2j+1 A_i,2j+1
    for i in range(n_rows * (width // 2)):
        dZ[2 * i + 1] *= A[2 * i + 1]


register_activation(
    "mean_variance", mean_variance_forward[float], mean_variance_forward[double], mean_variance_backward[float],
    mean_variance_backward[double], {"elementwise": False, "output_only": True})


# --- softmax: the units of a row together -------------------------------------------------------------------
cdef enum:
    TOGETHER = 256               # numbers of several short rows whose exponentials are taken in one loop


cdef void softmax_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i, j, first = 0, n_together
    cdef floating highest, total
    # A_ij = e^(Z_ij - max_k Z_ik) / sum_k e^(Z_ik - max_k Z_ik)          inf - inf is taken as 0, its limit
    while first < n_rows:
        n_together = min(max(<Py_ssize_t>1, TOGETHER // width), n_rows - first)
        for i in range(n_together):
            highest = Z[i * width]
            for j in range(i * width, (i + 1) * width):
                highest = Z[j] if Z[j] > highest else highest
            for j in range(i * width, (i + 1) * width):
                A[j] = <floating>0 if Z[j] == highest else Z[j] - highest
        for j in range(n_together * width):
            A[j] = exponential_of(A[j])
        for i in range(n_together):
            total = 0
            for j in range(i * width, (i + 1) * width):
                total += A[j]
            for j in range(i * width, (i + 1) * width):
                A[j] /= total
        Z, A, first = Z + n_together * width, A + n_together * width, first + n_together


cdef void softmax_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef floating mean
    # dZ_ij = A_ij (dA_ij - sum_k A_ik dA_ik)
    for i in range(n_rows):
        mean = 0
        for j in range(width):
            mean += A[i * width + j] * dZ[i * width + j]
        for j in range(width):
            dZ[i * width + j] = A[i * width + j] * (dZ[i * width + j] - mean)


register_activation(
    "softmax", softmax_forward[float], softmax_forward[double], softmax_backward[float], softmax_backward[double],
    {"elementwise": False})
