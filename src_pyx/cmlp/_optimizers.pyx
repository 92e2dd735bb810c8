"""Optimizers: the gradient turned into the change of the parameters, in place, on a flat piece of both.

Equations and papers: cmlp/reference/optimizers.py. theta += change, and the largest |change|, are found by the caller.
"""

from cython cimport floating
from libc.math cimport pow, sqrt

from cmlp._elementary cimport square_root_of
from cmlp._optimizer_table cimport register_optimizer


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


# --- rmsprop_momentum ----------------------------------------------------------------------------------------
cdef void rmsprop_momentum(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], rho = <floating>values[1], epsilon = <floating>values[2]
    cdef floating decay = <floating>values[3], one_minus_rho = <floating>(1 - values[1])
    cdef floating* mean_square = state
    cdef floating* velocity = state + slot_stride
    # mean_square as above
    # velocity = momentum velocity + dtheta / (sqrt(mean_square) + epsilon)          change = -learning_rate velocity
    for i in range(n):
        mean_square[i] = rho * mean_square[i] + one_minus_rho * change[i] * change[i]
        velocity[i] = decay * velocity[i] + change[i] / (square_root_of(mean_square[i]) + epsilon)
        change[i] = -learning_rate * velocity[i]


register_optimizer(
    "rmsprop_momentum", rmsprop_momentum[float], rmsprop_momentum[double],
    ("learning_rate", "rho", "epsilon", "momentum"), 2)


# --- rmsprop_centered: the mean square less the squared mean; with momentum, which may be 0 ------------------
cdef void rmsprop_centered(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], rho = <floating>values[1], epsilon = <floating>values[2]
    cdef floating decay = <floating>values[3], one_minus_rho = <floating>(1 - values[1]), variance
    cdef floating* mean_square = state
    cdef floating* mean = state + slot_stride
    cdef floating* velocity = state + 2 * slot_stride
    # mean = rho mean + (1 - rho) dtheta                             variance = mean_square - mean^2, at least 0
    # velocity = momentum velocity + dtheta / (sqrt(variance) + epsilon)             change = -learning_rate velocity
    for i in range(n):
        mean_square[i] = rho * mean_square[i] + one_minus_rho * change[i] * change[i]
        mean[i] = rho * mean[i] + one_minus_rho * change[i]
        variance = mean_square[i] - mean[i] * mean[i]
        variance = <floating>0 if variance < 0 else variance
        velocity[i] = decay * velocity[i] + change[i] / (square_root_of(variance) + epsilon)
        change[i] = -learning_rate * velocity[i]


register_optimizer(
    "rmsprop_centered", rmsprop_centered[float], rmsprop_centered[double],
    ("learning_rate", "rho", "epsilon", "momentum"), 3)


# --- adagrad -------------------------------------------------------------------------------------------------
cdef void adagrad(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], epsilon = <floating>values[1]
    cdef floating* total = state
    # total = total + dtheta^2                                       change = -learning_rate dtheta / (sqrt(total) + epsilon)
    for i in range(n):
        total[i] += change[i] * change[i]
        change[i] = -learning_rate * change[i] / (square_root_of(total[i]) + epsilon)


register_optimizer("adagrad", adagrad[float], adagrad[double], ("learning_rate", "epsilon"), 1)


# --- adadelta ------------------------------------------------------------------------------------------------
cdef void adadelta(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], rho = <floating>values[1], epsilon = <floating>values[2]
    cdef floating one_minus_rho = <floating>(1 - values[1]), step
    cdef floating* mean_square = state
    cdef floating* mean_step = state + slot_stride
    # mean_square = rho mean_square + (1 - rho) dtheta^2
    # step = sqrt(mean_step + epsilon) / sqrt(mean_square + epsilon) dtheta
    # mean_step = rho mean_step + (1 - rho) step^2                 change = -learning_rate step
    for i in range(n):
        mean_square[i] = rho * mean_square[i] + one_minus_rho * change[i] * change[i]
        step = square_root_of(mean_step[i] + epsilon) / square_root_of(mean_square[i] + epsilon) * change[i]
        mean_step[i] = rho * mean_step[i] + one_minus_rho * step * step
        change[i] = -learning_rate * step


register_optimizer(
    "adadelta", adadelta[float], adadelta[double], ("learning_rate", "rho", "epsilon"), 2)


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


# --- amsgrad -------------------------------------------------------------------------------------------------
cdef void amsgrad(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating beta_1 = <floating>values[BETA_1], beta_2 = <floating>values[BETA_2], epsilon = <floating>values[EPSILON]
    cdef floating one_minus_beta_1 = <floating>(1 - values[BETA_1]), one_minus_beta_2 = <floating>(1 - values[BETA_2])
    cdef floating rate = <floating>values[RATE], unbias = <floating>values[UNBIAS]
    cdef floating* m = state
    cdef floating* v = state + slot_stride
    cdef floating* highest = state + 2 * slot_stride
    # m, v, m_hat as in adam; highest = max(highest, v)
    # change = -learning_rate m_hat / (sqrt(highest_hat) + epsilon)
    for i in range(n):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * change[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * change[i] * change[i]
        highest[i] = v[i] if v[i] > highest[i] else highest[i]
        change[i] = -rate * m[i] / (square_root_of(highest[i]) * unbias + epsilon)


register_optimizer(
    "amsgrad", amsgrad[float], amsgrad[double], ("learning_rate", "beta_1", "beta_2", "epsilon"), 3, prepare_adam)


# --- nadam ---------------------------------------------------------------------------------------------------
cdef enum:
    MOMENTUM_DECAY = 4                     # where it stands among the hyperparameters; what is prepared comes behind
    NADAM_UNBIAS, RATE_OF_M


cdef inline double nadam_momentum(double beta_1, double decay, double t) noexcept nogil:
    return beta_1 * (1 - 0.5 * pow(0.96, decay * t))


cdef void prepare_nadam(double* values, Py_ssize_t t) noexcept nogil:
    cdef double beta_1 = values[BETA_1], decay = values[MOMENTUM_DECAY], product = 1, mu = 0, next_mu
    cdef Py_ssize_t k
    for k in range(1, t + 1):
        mu = nadam_momentum(beta_1, decay, <double>k)
        product *= mu
        if product < 1e-20:                # 1 - M_t is 1, and stays so
            mu = nadam_momentum(beta_1, decay, <double>t)
            break
    next_mu = nadam_momentum(beta_1, decay, <double>t + 1)
    values[RATE_OF_M] = values[RATE] * next_mu / (1 - product * next_mu)
    values[RATE] *= (1 - mu) / (1 - product)
    values[NADAM_UNBIAS] = 1 / sqrt(1 - pow(values[BETA_2], <double>t))


cdef void nadam(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating beta_1 = <floating>values[BETA_1], beta_2 = <floating>values[BETA_2], epsilon = <floating>values[EPSILON]
    cdef floating one_minus_beta_1 = <floating>(1 - values[BETA_1]), one_minus_beta_2 = <floating>(1 - values[BETA_2])
    cdef floating rate = <floating>values[RATE], rate_of_m = <floating>values[RATE_OF_M]
    cdef floating unbias = <floating>values[NADAM_UNBIAS]
    cdef floating* m = state
    cdef floating* v = state + slot_stride
    # m and v as in adam; mu_t = beta_1 (1 - 0.96^(momentum_decay t) / 2), M_t = mu_1 mu_2 ... mu_t
    # change = -learning_rate ((1 - mu_t) / (1 - M_t) dtheta + mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(v_hat) + epsilon)
    for i in range(n):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * change[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * change[i] * change[i]
        change[i] = -(rate * change[i] + rate_of_m * m[i]) / (square_root_of(v[i]) * unbias + epsilon)


register_optimizer(
    "nadam", nadam[float], nadam[double], ("learning_rate", "beta_1", "beta_2", "epsilon", "momentum_decay"), 2, prepare_nadam)


# --- radam ---------------------------------------------------------------------------------------------------
cdef enum:
    ADAPTIVE = 4


cdef void prepare_radam(double* values, Py_ssize_t t) noexcept nogil:
    cdef double power = pow(values[BETA_2], <double>t), limit = 2 / (1 - values[BETA_2]) - 1, length
    length = limit - 2 * t * power / (1 - power)
    values[RATE] /= 1 - pow(values[BETA_1], <double>t)
    values[ADAPTIVE] = 0
    if length > 5:
        values[ADAPTIVE] = sqrt((1 - power) * (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))


cdef void radam(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating beta_1 = <floating>values[BETA_1], beta_2 = <floating>values[BETA_2], epsilon = <floating>values[EPSILON]
    cdef floating one_minus_beta_1 = <floating>(1 - values[BETA_1]), one_minus_beta_2 = <floating>(1 - values[BETA_2])
    cdef floating rate = <floating>values[RATE], adaptive = <floating>values[ADAPTIVE]
    cdef floating* m = state
    cdef floating* v = state + slot_stride
    # m, v, m_hat as in adam; r_inf = 2 / (1 - beta_2) - 1, r_t = r_inf - 2 t beta_2^t / (1 - beta_2^t)
    # r_t > 5: change = -learning_rate m_hat l_t / (sqrt(v) + epsilon), l_t = sqrt((1 - beta_2^t)
    #                   (r_t - 4) (r_t - 2) r_inf / ((r_inf - 4) (r_inf - 2) r_t)); else -learning_rate m_hat
    for i in range(n):
        m[i] = beta_1 * m[i] + one_minus_beta_1 * change[i]
        v[i] = beta_2 * v[i] + one_minus_beta_2 * change[i] * change[i]
        change[i] = -rate * m[i] * (adaptive / (square_root_of(v[i]) + epsilon) if adaptive > 0 else <floating>1)


register_optimizer(
    "radam", radam[float], radam[double], ("learning_rate", "beta_1", "beta_2", "epsilon"), 2, prepare_radam)


# --- lion ----------------------------------------------------------------------------------------------------
cdef void lion(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating learning_rate = <floating>values[0], beta_1 = <floating>values[1], beta_2 = <floating>values[2]
    cdef floating one_minus_beta_1 = <floating>(1 - values[1]), one_minus_beta_2 = <floating>(1 - values[2]), mixed
    cdef floating* m = state
    # mixed = beta_1 m + (1 - beta_1) dtheta                         change = -learning_rate sign(mixed)
    # m = beta_2 m + (1 - beta_2) dtheta
    for i in range(n):
        mixed = beta_1 * m[i] + one_minus_beta_1 * change[i]
        m[i] = beta_2 * m[i] + one_minus_beta_2 * change[i]
        change[i] = -learning_rate if mixed > 0 else (learning_rate if mixed < 0 else -mixed)


register_optimizer("lion", lion[float], lion[double], ("learning_rate", "beta_1", "beta_2"), 1)


# --- rprop: iRprop- ------------------------------------------------------------------------------------------
cdef void rprop(
    floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating first = <floating>values[0], eta_plus = <floating>values[1], eta_minus = <floating>values[2]
    cdef floating least = <floating>values[3], most = <floating>values[4], d, agreement, size
    cdef floating* before = state
    cdef floating* step = state + slot_stride
    # step = eta_plus step where dtheta has the sign it had before, eta_minus step where it has changed, kept in [least, most]
    # change = -sign(dtheta) step, 0 where the sign has changed; that is forgotten, so that the next update goes on
    for i in range(n):
        d = change[i]
        agreement = d * before[i]
        size = step[i] if step[i] > 0 else first
        size = size * eta_plus if agreement > 0 else (size * eta_minus if agreement < 0 else size)
        size = least if size < least else (most if size > most else size)
        d = <floating>0 if agreement < 0 else d
        step[i] = size
        before[i] = d
        change[i] = -size if d > 0 else (size if d < 0 else -d)


register_optimizer(
    "rprop", rprop[float], rprop[double], ("learning_rate", "eta_plus", "eta_minus", "min_step", "max_step"), 2)
