"""Losses of one sample, and their gradients. Equations and sources: cmlp/reference/losses.py.

A loss with a link takes the raw score Z and sets the output function itself; a loss on outputs compares A with Y after
whatever output function the network has. 1/n enters here, in `scale`, and nowhere else.
"""

from cython cimport floating

from cmlp._elementary cimport absolute_of, exponential_of, log1p_of, sigmoid_of
from cmlp._registry cimport register_loss


cdef inline double weight_of(const floating* sample_weight, Py_ssize_t i) noexcept nogil:
    return sample_weight[i] if sample_weight != NULL else 1.0


# --- squared_error, on outputs: half the squared distance, summed over the outputs --------------------------
cdef double squared_error(
    const floating* A, const floating* Y, const floating* sample_weight, floating* dA, Py_ssize_t n_rows, Py_ssize_t width,
    double scale,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0, loss, weight
    cdef floating error, factor
    for i in range(n_rows):
        weight = weight_of(sample_weight, i)
        factor = <floating>(weight * scale)
        loss = 0
        # loss_i = 1/2 sum_j (A_ij - Y_ij)^2               dA_ij = (A_ij - Y_ij) weight_i scale
        for j in range(i * width, (i + 1) * width):
            error = A[j] - Y[j]
            loss += <double>error * error
            dA[j] = error * factor
        total += weight * 0.5 * loss
    return total


register_loss("squared_error", squared_error[float], squared_error[double])


# --- absolute_error, on outputs, summed over them -----------------------------------------------------------
cdef double absolute_error(
    const floating* A, const floating* Y, const floating* sample_weight, floating* dA, Py_ssize_t n_rows, Py_ssize_t width,
    double scale,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0, loss, weight
    cdef floating error, factor
    for i in range(n_rows):
        weight = weight_of(sample_weight, i)
        factor = <floating>(weight * scale)
        loss = 0
        # loss_i = sum_j |A_ij - Y_ij|                     dA_ij = sign(A_ij - Y_ij) weight_i scale, 0 where they are equal
        for j in range(i * width, (i + 1) * width):
            error = A[j] - Y[j]
            loss += absolute_of(error)
            dA[j] = factor if error > 0 else (-factor if error < 0 else <floating>0)
        total += weight * loss
    return total


register_loss("absolute_error", absolute_error[float], absolute_error[double])


# --- log_loss, link sigmoid: one yes or no for each column --------------------------------------------------
cdef double log_loss(
    const floating* Z, const floating* Y, const floating* sample_weight, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width,
    double scale,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0, loss, weight
    cdef floating factor, positive
    for i in range(n_rows):
        weight = weight_of(sample_weight, i)
        factor = <floating>(weight * scale)
        loss = 0
        # loss_i = sum_j log(1 + e^Z_ij) - Y_ij Z_ij       dZ_ij = (sigmoid(Z_ij) - Y_ij) weight_i scale
        #          where log(1 + e^z) = max(0, z) + log(1 + e^-|z|)
        for j in range(i * width, (i + 1) * width):
            positive = 0 if Z[j] < 0 else Z[j]
            loss += positive - Y[j] * Z[j] + log1p_of(exponential_of(-absolute_of(Z[j])))
            dZ[j] = (sigmoid_of(Z[j]) - Y[j]) * factor
        total += weight * loss
    return total


register_loss("log_loss", log_loss[float], log_loss[double], {"link": "sigmoid"})


# --- cross_entropy, link softmax: one class of several ------------------------------------------------------
cdef double cross_entropy(
    const floating* Z, const floating* Y, const floating* sample_weight, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width,
    double scale,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0, loss, weight
    cdef floating highest, sum_exp, sum_Y, factor
    for i in range(n_rows):
        weight = weight_of(sample_weight, i)
        factor = <floating>(weight * scale)
        highest = Z[i * width]
        for j in range(i * width + 1, (i + 1) * width):
            highest = Z[j] if Z[j] > highest else highest
        # loss_i = sum_j Y_ij (log sum_k e^Z_ik - Z_ij)    dZ_ij = (softmax(Z_i)_j sum_k Y_ik - Y_ij) weight_i scale
        sum_exp = 0
        sum_Y = 0
        loss = 0
        for j in range(i * width, (i + 1) * width):
            dZ[j] = exponential_of(Z[j] - highest)
            sum_exp += dZ[j]
            sum_Y += Y[j]
            loss -= Y[j] * (Z[j] - highest)
        loss += sum_Y * log1p_of(sum_exp - 1)
        for j in range(i * width, (i + 1) * width):
            dZ[j] = (dZ[j] * (sum_Y / sum_exp) - Y[j]) * factor
        total += weight * loss
    return total


register_loss("cross_entropy", cross_entropy[float], cross_entropy[double], {"link": "softmax"})


# --- perceptron, link sign: Y is -1 or +1 -------------------------------------------------------------------
cdef double perceptron(
    const floating* Z, const floating* Y, const floating* sample_weight, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width,
    double scale,
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0, loss, weight
    cdef floating margin, factor
    for i in range(n_rows):
        weight = weight_of(sample_weight, i)
        factor = <floating>(weight * scale)
        loss = 0
        # loss_i = sum_j max(0, -Y_ij Z_ij)                dZ_ij = -Y_ij weight_i scale at a mistake, Y_ij Z_ij <= 0; else 0
        for j in range(i * width, (i + 1) * width):
            margin = Y[j] * Z[j]
            loss += 0 if margin > 0 else -margin
            dZ[j] = 0 if margin > 0 else -Y[j] * factor
        total += weight * loss
    return total


register_loss("perceptron", perceptron[float], perceptron[double], {"link": "sign", "off": -1.0})
