"""Activation functions whose derivative is told from Z, which is kept beside A.

Equations and sources: cmlp/reference/activations.py.
"""

from cython cimport floating
from libc.math cimport cos, fabs, sin

from cmlp._elementary cimport (
    REDUCIBLE, cosine_of, exponential_of, largest_magnitude, normal_density_of, normal_distribution_of, sigmoid_of, sine_of,
)
from cmlp._activation_table cimport register_activation, register_learned

cdef extern from *:
    """
    #define TWICE_ROOT_2_OVER_PI 1.5957691216057307117597842397376
    """
    const double TWICE_ROOT_2_OVER_PI


# --- gelu ----------------------------------------------------------------------------------------------------
cdef void gelu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = Z Phi(Z)
    for i in range(n_rows * width):
        A[i] = Z[i] * normal_distribution_of(Z[i])


cdef void gelu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA (Phi(Z) + Z phi(Z))
    for i in range(n_rows * width):
        dZ[i] *= normal_distribution_of(Z[i]) + Z[i] * normal_density_of(Z[i])


register_activation(
    "gelu", gelu_forward[float], gelu_forward[double],
    gelu_backward[float], gelu_backward[double], {"needs_Z": True})


# --- gelu_tanh: (1 + tanh u) / 2 = sigmoid(2 u) --------------------------------------------------------------
cdef void gelu_tanh_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating factor = <floating>TWICE_ROOT_2_OVER_PI, cubic = <floating>0.044715
    # A = Z sigmoid(2 u), u = sqrt(2 / pi) (Z + 0.044715 Z^3)
    for i in range(n_rows * width):
        A[i] = Z[i] * sigmoid_of(factor * (Z[i] + cubic * Z[i] * Z[i] * Z[i]))


cdef void gelu_tanh_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating factor = <floating>TWICE_ROOT_2_OVER_PI, cubic = <floating>0.044715, s
    # dZ = dA (s + Z s (1 - s) 2 du/dZ), s = sigmoid(2 u), du/dZ = sqrt(2 / pi) (1 + 3 0.044715 Z^2)
    for i in range(n_rows * width):
        s = sigmoid_of(factor * (Z[i] + cubic * Z[i] * Z[i] * Z[i]))
        dZ[i] *= s + Z[i] * s * (1 - s) * factor * (1 + 3 * cubic * Z[i] * Z[i])


register_activation(
    "gelu_tanh", gelu_tanh_forward[float], gelu_tanh_forward[double],
    gelu_tanh_backward[float], gelu_tanh_backward[double], {"needs_Z": True})


# --- silu ----------------------------------------------------------------------------------------------------
cdef void silu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = Z sigmoid(Z)
    for i in range(n_rows * width):
        A[i] = Z[i] * sigmoid_of(Z[i])


cdef void silu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating s
    # dZ = dA (s + Z s (1 - s)), s = sigmoid(Z)
    for i in range(n_rows * width):
        s = sigmoid_of(Z[i])
        dZ[i] *= s + Z[i] * s * (1 - s)


register_activation(
    "silu", silu_forward[float], silu_forward[double],
    silu_backward[float], silu_backward[double], {"needs_Z": True})


# --- mish ----------------------------------------------------------------------------------------------------
cdef void mish_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating e, n
    # A = Z tanh(log(1 + e^Z)) = Z n / (n + 2), n = e^Z (e^Z + 2); from Z = 20 on tanh(...) is 1
    for i in range(n_rows * width):
        e = exponential_of(Z[i] if Z[i] < 20 else <floating>20)
        n = e * (e + 2)
        A[i] = Z[i] * (n / (n + 2))


cdef void mish_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating e, n
    # dZ = dA (n / (n + 2) + Z 4 e^Z (e^Z + 1) / (n + 2)^2)
    for i in range(n_rows * width):
        e = exponential_of(Z[i] if Z[i] < 20 else <floating>20)
        n = e * (e + 2)
        dZ[i] *= n / (n + 2) + Z[i] * ((4 * e / (n + 2)) * ((e + 1) / (n + 2)))


register_activation(
    "mish", mish_forward[float], mish_forward[double],
    mish_backward[float], mish_backward[double], {"needs_Z": True})


# --- sine: its parameter is the frequency --------------------------------------------------------------------
cdef void sine_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating frequency = <floating>parameter
    # A = sin(frequency Z)
    if fabs(parameter) * largest_magnitude(Z, n_rows * width) < REDUCIBLE:
        for i in range(n_rows * width):
            A[i] = sine_of(frequency * Z[i])
    else:
        for i in range(n_rows * width):
            A[i] = <floating>sin(frequency * Z[i])


cdef void sine_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating frequency = <floating>parameter
    # dZ = dA frequency cos(frequency Z)
    if fabs(parameter) * largest_magnitude(Z, n_rows * width) < REDUCIBLE:
        for i in range(n_rows * width):
            dZ[i] *= frequency * cosine_of(frequency * Z[i])
    else:
        for i in range(n_rows * width):
            dZ[i] *= frequency * <floating>cos(frequency * Z[i])


register_activation(
    "sine", sine_forward[float], sine_forward[double],
    sine_backward[float], sine_backward[double], {"parameter": 1.0, "needs_Z": True})


# --- prelu: a slope for each unit ----------------------------------------------------------------------------
cdef void prelu_forward(
    const floating* Z, const floating* slope, floating* A, Py_ssize_t n_rows, Py_ssize_t width,
) noexcept nogil:
    cdef Py_ssize_t i, j, k
    # A_ij = Z_ij where Z_ij > 0, else slope_j Z_ij
    for i in range(n_rows):
        for j in range(width):
            k = i * width + j
            A[k] = Z[k] if Z[k] > 0 else slope[j] * Z[k]


cdef void prelu_backward(
    const floating* Z, const floating* slope, floating* dZ, floating* dslope, Py_ssize_t n_rows, Py_ssize_t width,
) noexcept nogil:
    cdef Py_ssize_t i, j, k
    # dslope_j sums up dA_ij min(Z_ij, 0);   dZ_ij = dA_ij where Z_ij > 0, else slope_j dA_ij
    for i in range(n_rows):
        for j in range(width):
            k = i * width + j
            dslope[k] = <floating>0 if Z[k] > 0 else dZ[k] * Z[k]
            dZ[k] = dZ[k] if Z[k] > 0 else slope[j] * dZ[k]


register_learned(
    "prelu", prelu_forward[float], prelu_forward[double], prelu_backward[float], prelu_backward[double],
    {"parameter": 0.25})
