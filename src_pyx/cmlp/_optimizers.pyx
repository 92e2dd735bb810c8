"""Optimizers: the gradient turned into the change of the parameters, in place, on a flat piece of both.

Equations and papers: cmlp/reference/optimizers.py. theta += change, and the largest |change|, are found by the caller.
"""

from cython cimport floating
from libc.math cimport pow, sqrt

from cmlp._elementary cimport square_root_of
from cmlp._registry cimport register_optimizer


# --- sgd: gradient descent ----------------------------------------------------------------------------------
cdef void sgd(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0]
    # change = -learning_rate dtheta
    for i in range(n):
        change[i] *= -learning_rate


register_optimizer("sgd", sgd[float], sgd[double], ("learning_rate",), 0)


# --- momentum -----------------------------------------------------------------------------------------------
cdef void momentum(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], decay = <floating>values[1]
    cdef floating* velocity = state
    # velocity = momentum velocity - learning_rate dtheta          change = velocity
    for i in range(n):
        velocity[i] = decay * velocity[i] - learning_rate * change[i]
        change[i] = velocity[i]


register_optimizer("momentum", momentum[float], momentum[double], ("learning_rate", "momentum"), 1)


# --- nesterov -----------------------------------------------------------------------------------------------
cdef void nesterov(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], decay = <floating>values[1]
    cdef floating* velocity = state
    # velocity = momentum velocity - learning_rate dtheta          change = momentum velocity - learning_rate dtheta
    for i in range(n):
        velocity[i] = decay * velocity[i] - learning_rate * change[i]
        change[i] = decay * velocity[i] - learning_rate * change[i]


register_optimizer("nesterov", nesterov[float], nesterov[double], ("learning_rate", "momentum"), 1)


# --- rmsprop ------------------------------------------------------------------------------------------------
cdef void rmsprop(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], rho = <floating>values[1], epsilon = <floating>values[2]
    cdef floating one_minus_rho = <floating>(1 - values[1])
    cdef floating* mean_square = state
    # mean_square = rho mean_square + (1 - rho) dtheta^2       change = -learning_rate dtheta / (sqrt(mean_square) + epsilon)
    for i in range(n):
        mean_square[i] = rho * mean_square[i] + one_minus_rho * change[i] * change[i]
        change[i] = -learning_rate * change[i] / (square_root_of(mean_square[i]) + epsilon)


register_optimizer("rmsprop", rmsprop[float], rmsprop[double], ("learning_rate", "rho", "epsilon"), 1)


# --- adam ---------------------------------------------------------------------------------------------------
cdef enum:
    RATE, BETA_1, BETA_2, EPSILON, UNBIAS


cdef void prepare_adam(double* values, Py_ssize_t t) noexcept nogil:
    # rate = learning_rate / (1 - beta_1^t)                        unbias = 1 / sqrt(1 - beta_2^t)
    values[RATE] /= 1 - pow(values[BETA_1], <double>t)
    values[UNBIAS] = 1 / sqrt(1 - pow(values[BETA_2], <double>t))


cdef void adam(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating beta_1 = <floating>values[BETA_1], beta_2 = <floating>values[BETA_2], epsilon = <floating>values[EPSILON]
    cdef floating one_minus_beta_1 = <floating>(1 - values[BETA_1]), one_minus_beta_2 = <floating>(1 - values[BETA_2])
    cdef floating rate = <floating>values[RATE], unbias = <floating>values[UNBIAS]
    cdef floating* m = state
    cdef floating* v = state + slot_stride
    # m = beta_1 m + (1 - beta_1) dtheta                           change = -learning_rate m_hat / (sqrt(v_hat) + epsilon)
    # v = beta_2 v + (1 - beta_2) dtheta^2                         m_hat = m / (1 - beta_1^t), v_hat = v / (1 - beta_2^t)
    for i in range(n):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * change[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * change[i] * change[i]
        change[i] = -rate * m[i] / (square_root_of(v[i]) * unbias + epsilon)


register_optimizer("adam", adam[float], adam[double], ("learning_rate", "beta_1", "beta_2", "epsilon"), 2, prepare_adam)
