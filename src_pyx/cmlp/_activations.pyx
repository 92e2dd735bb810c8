"""Activation functions, element by element: A = f(Z), and dZ = dA * f'(Z) from A.

Equations and sources: cmlp/reference/activations.py. Those whose derivative needs Z are in _activations_of_z.pyx, those that
work on the units of a row together in _activations_of_rows.pyx.
"""

from cython cimport floating

from cmlp._elementary cimport absolute_of, exponential_minus_1_of, exponential_of, log1p_of, sigmoid_of, tanh_of
from cmlp._activation_table cimport register_activation

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


# --- elu: its parameter is alpha -----------------------------------------------------------------------------
cdef void elu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating alpha = <floating>parameter
    # A = Z where Z > 0, else alpha (e^Z - 1)
    for i in range(n_rows * width):
        A[i] = Z[i] if Z[i] > 0 else alpha * exponential_minus_1_of(Z[i])


cdef void elu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating alpha = <floating>parameter
    # dZ = dA where A > 0, else dA (A + alpha)
    for i in range(n_rows * width):
        dZ[i] *= <floating>1 if A[i] > 0 else A[i] + alpha


register_activation(
    "elu", elu_forward[float], elu_forward[double],
    elu_backward[float], elu_backward[double], {"parameter": 1.0})


cdef extern from *:
    """
    #define SELU_SCALE 1.0507009873554804934193349852946
    #define SELU_ALPHA 1.6732632423543772848170429916717
    """
    const double SELU_SCALE, SELU_ALPHA


# --- selu ----------------------------------------------------------------------------------------------------
cdef void selu_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating scale = <floating>SELU_SCALE, scale_alpha = <floating>(SELU_SCALE * SELU_ALPHA)
    # A = scale Z where Z > 0, else scale alpha (e^Z - 1)
    for i in range(n_rows * width):
        A[i] = scale * Z[i] if Z[i] > 0 else scale_alpha * exponential_minus_1_of(Z[i])


cdef void selu_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating scale = <floating>SELU_SCALE, scale_alpha = <floating>(SELU_SCALE * SELU_ALPHA)
    # dZ = scale dA where A > 0, else dA (A + scale alpha)
    for i in range(n_rows * width):
        dZ[i] *= scale if A[i] > 0 else A[i] + scale_alpha


register_activation(
    "selu", selu_forward[float], selu_forward[double],
    selu_backward[float], selu_backward[double])


# --- softplus ------------------------------------------------------------------------------------------------
cdef void softplus_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = log(1 + e^Z) = max(0, Z) + log(1 + e^-|Z|)
    for i in range(n_rows * width):
        A[i] = (<floating>0 if Z[i] < 0 else Z[i]) + log1p_of(exponential_of(-absolute_of(Z[i])))


cdef void softplus_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA (1 - e^-A)
    for i in range(n_rows * width):
        dZ[i] *= -exponential_minus_1_of(-A[i])


register_activation(
    "softplus", softplus_forward[float], softplus_forward[double],
    softplus_backward[float], softplus_backward[double])


# --- softsign ------------------------------------------------------------------------------------------------
cdef void softsign_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # A = Z / (1 + |Z|)
    for i in range(n_rows * width):
        A[i] = Z[i] / (1 + absolute_of(Z[i]))


cdef void softsign_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating rest
    # dZ = dA (1 - |A|)^2
    for i in range(n_rows * width):
        rest = 1 - absolute_of(A[i])
        dZ[i] *= rest * rest


register_activation(
    "softsign", softsign_forward[float], softsign_forward[double],
    softsign_backward[float], softsign_backward[double])


# --- hard_sigmoid --------------------------------------------------------------------------------------------
cdef void hard_sigmoid_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating a
    # A = Z / 6 + 1/2, cut off at 0 and 1
    for i in range(n_rows * width):
        a = Z[i] * <floating>(1 / 6.0) + <floating>0.5
        a = <floating>0 if a < 0 else a
        A[i] = <floating>1 if a > 1 else a


cdef void hard_sigmoid_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA / 6 where 0 < A < 1, else 0
    for i in range(n_rows * width):
        dZ[i] = dZ[i] * <floating>(1 / 6.0) if 0 < A[i] and A[i] < 1 else 0


register_activation(
    "hard_sigmoid", hard_sigmoid_forward[float], hard_sigmoid_forward[double],
    hard_sigmoid_backward[float], hard_sigmoid_backward[double])


# --- hard_tanh -----------------------------------------------------------------------------------------------
cdef void hard_tanh_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating a
    # A = Z, cut off at -1 and 1
    for i in range(n_rows * width):
        a = <floating>-1 if Z[i] < -1 else Z[i]
        A[i] = <floating>1 if a > 1 else a


cdef void hard_tanh_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA where |A| < 1, else 0
    for i in range(n_rows * width):
        dZ[i] = dZ[i] if absolute_of(A[i]) < 1 else 0


register_activation(
    "hard_tanh", hard_tanh_forward[float], hard_tanh_forward[double],
    hard_tanh_backward[float], hard_tanh_backward[double])


# --- relu6 ---------------------------------------------------------------------------------------------------
cdef void relu6_forward(
    const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating a
    # A = max(0, Z), cut off at 6
    for i in range(n_rows * width):
        a = <floating>0 if Z[i] < 0 else Z[i]
        A[i] = <floating>6 if a > 6 else a


cdef void relu6_backward(
    const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    cdef Py_ssize_t i
    # dZ = dA where 0 < A < 6, else 0
    for i in range(n_rows * width):
        dZ[i] = dZ[i] if 0 < A[i] and A[i] < 6 else 0


register_activation(
    "relu6", relu6_forward[float], relu6_forward[double],
    relu6_backward[float], relu6_backward[double])


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
