"""Activation functions: A = f(Z), and dZ = dA * f'(Z) from A. Equations and sources: cmlp/reference/activations.py."""

from cython cimport floating

from cmlp._elementary cimport exponential_of, sigmoid_of, tanh_of
from cmlp._registry cimport register_activation

# --- identity -----------------------------------------------------------------------------------------------
cdef void identity_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = Z
    if A != Z:
        for i in range(n_rows * width):
            A[i] = Z[i]


cdef void identity_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    # dZ = dA
    pass


register_activation(
    "identity", identity_forward[float], identity_forward[double],
    identity_backward[float], identity_backward[double])


# --- sign ---------------------------------------------------------------------------------------------------
cdef void sign_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = +1 where Z >= 0, else -1
    for i in range(n_rows * width):
        A[i] = 1 if Z[i] >= 0 else -1


cdef void sign_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = 0
    for i in range(n_rows * width):
        dZ[i] = 0


register_activation(
    "sign", sign_forward[float], sign_forward[double],
    sign_backward[float], sign_backward[double], {"output_only": True})


# --- sigmoid ------------------------------------------------------------------------------------------------
cdef void sigmoid_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = 1 / (1 + e^-Z)
    for i in range(n_rows * width):
        A[i] = sigmoid_of(Z[i])


cdef void sigmoid_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA * A (1 - A)
    for i in range(n_rows * width):
        dZ[i] *= A[i] * (1 - A[i])


register_activation(
    "sigmoid", sigmoid_forward[float], sigmoid_forward[double],
    sigmoid_backward[float], sigmoid_backward[double])


# --- tanh ---------------------------------------------------------------------------------------------------
cdef void tanh_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = tanh(Z)
    for i in range(n_rows * width):
        A[i] = tanh_of(Z[i])


cdef void tanh_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA * (1 - A^2)
    for i in range(n_rows * width):
        dZ[i] *= 1 - A[i] * A[i]


register_activation("tanh", tanh_forward[float], tanh_forward[double], tanh_backward[float], tanh_backward[double])


# --- relu ---------------------------------------------------------------------------------------------------
cdef void relu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = max(0, Z), and nan stays nan
    for i in range(n_rows * width):
        A[i] = 0 if Z[i] < 0 else Z[i]


cdef void relu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA where A > 0, else 0
    for i in range(n_rows * width):
        dZ[i] = dZ[i] if A[i] > 0 else 0


register_activation("relu", relu_forward[float], relu_forward[double], relu_backward[float], relu_backward[double])


# --- leaky_relu: its parameter is the slope below 0 ---------------------------------------------------------
cdef void leaky_relu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating slope = <floating>parameter
    # A = Z where Z > 0, else slope Z
    for i in range(n_rows * width):
        A[i] = Z[i] if Z[i] > 0 else slope * Z[i]


cdef void leaky_relu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating slope = <floating>parameter
    # dZ = dA where A > 0, else slope dA
    for i in range(n_rows * width):
        dZ[i] = dZ[i] if A[i] > 0 else slope * dZ[i]


register_activation(
    "leaky_relu", leaky_relu_forward[float], leaky_relu_forward[double], leaky_relu_backward[float],
    leaky_relu_backward[double], {"parameter": 0.01})


# --- exponential --------------------------------------------------------------------------------------------
cdef void exponential_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = e^Z
    for i in range(n_rows * width):
        A[i] = exponential_of(Z[i])


cdef void exponential_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA * A
    for i in range(n_rows * width):
        dZ[i] *= A[i]


register_activation(
    "exponential", exponential_forward[float], exponential_forward[double], exponential_backward[float],
    exponential_backward[double])


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
