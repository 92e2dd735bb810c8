"""Losses, and their gradients. Equations and sources: cmlp/reference/losses.py.

A loss with a link takes the logits Z and sets the output function itself; a loss on outputs compares A with Y after
whatever output function the network has. A kernel is given rows of equal weight, and returns the sum of their losses; 1/n and
the weight enter in `scale`, and nowhere else. Terms are computed a piece at a time, so that the loop vectorises, and then
added up in double.
"""

from cython cimport floating

from cmlp._elementary cimport absolute_of, exponential_of, log1p_of, logarithm_of, tanh_of
from cmlp._loss_table cimport register_loss
from cmlp._sums cimport sum_in_four

cdef enum:
    PIECE = 64


cdef inline Py_ssize_t n_pieces(Py_ssize_t n) noexcept nogil:
    return (n + PIECE - 1) // PIECE


# --- squared_error, on outputs: half the squared distance, summed over the outputs --------------------------
cdef double squared_error(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, error
    cdef floating[PIECE] terms
    # loss_i = 1/2 sum_j (A_ij - Y_ij)^2                   dA_ij = (A_ij - Y_ij) scale
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            error = A[start + i] - Y[start + i]
            terms[i] = error * error
            dA[start + i] = error * factor
        total += sum_in_four(<const floating*>terms, n)
    return 0.5 * total


register_loss("squared_error", squared_error[float], squared_error[double])


# --- absolute_error, on outputs, summed over them -----------------------------------------------------------
cdef double absolute_error(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, error
    cdef floating[PIECE] terms
    # loss_i = sum_j |A_ij - Y_ij|                         dA_ij = sign(A_ij - Y_ij) scale, 0 where they are equal
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            error = A[start + i] - Y[start + i]
            terms[i] = absolute_of(error)
            dA[start + i] = factor if error > 0 else (-factor if error < 0 else <floating>0)
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("absolute_error", absolute_error[float], absolute_error[double])


# --- huber, on outputs: squared up to delta, absolute from there on ------------------------------------------
cdef double huber(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, delta = <floating>values[0], error, r
    cdef floating[PIECE] terms
    # loss_i = sum_j r (|e_ij| - r / 2), r = min(|e_ij|, delta), e = A - Y          dA_ij = e_ij, cut off at -delta and delta
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            error = A[start + i] - Y[start + i]
            r = absolute_of(error)
            r = delta if r > delta else r
            terms[i] = r * (absolute_of(error) - r / 2)
            dA[start + i] = (r if error > 0 else -r) * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("huber", huber[float], huber[double], {"hyper": ("delta",)})


# --- log_cosh, on outputs ------------------------------------------------------------------------------------
cdef double log_cosh(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, error, size, log_2 = <floating>0.693147180559945309417
    cdef floating[PIECE] terms
    # loss_i = sum_j log cosh e_ij = |e_ij| + log(1 + e^(-2 |e_ij|)) - log 2, e = A - Y          dA_ij = tanh(e_ij) scale
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            error = A[start + i] - Y[start + i]
            size = absolute_of(error)
            terms[i] = size + (log1p_of(exponential_of(-2 * size)) - log_2)
            dA[start + i] = tanh_of(error) * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("log_cosh", log_cosh[float], log_cosh[double])


# --- quantile, on outputs: values are the number of quantiles and each of them ------------------------------
cdef double quantile(
    const floating* A, const floating* Y, floating* dA, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t n_quantiles = <Py_ssize_t>values[0], j, k, _
    cdef double total = 0
    cdef floating factor = <floating>scale, q, error
    # loss_i = sum_jk max(q_k e_ijk, (q_k - 1) e_ijk), e_ijk = Y_ij - A_ijk
    # dA_ijk = -q_k scale where e_ijk > 0, (1 - q_k) scale where e_ijk < 0, 0 where they are equal
    for _ in range(n_rows):
        for j in range(width // n_quantiles):
            for k in range(n_quantiles):
                q = <floating>values[1 + k]
                error = Y[j] - A[j * n_quantiles + k]
                total += q * error if error > 0 else (q - 1) * error
                dA[j * n_quantiles + k] = (-q if error > 0 else (1 - q if error < 0 else <floating>0)) * factor
        A, dA, Y = A + width, dA + width, Y + width // n_quantiles
    return total


register_loss("quantile", quantile[float], quantile[double], {"hyper": ("quantiles",), "outputs_per_target": 0})


# --- poisson, link exponential: Y is a count -----------------------------------------------------------------
cdef double poisson(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, mean
    cdef floating[PIECE] terms
    # loss_i = sum_j e^Z_ij - Y_ij Z_ij                    dZ_ij = (e^Z_ij - Y_ij) scale
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            mean = exponential_of(Z[start + i])
            terms[i] = mean - Y[start + i] * Z[start + i]
            dZ[start + i] = (mean - Y[start + i]) * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("poisson", poisson[float], poisson[double], {"link": "exponential"})


# --- gamma, link exponential: Y is above 0 -------------------------------------------------------------------
cdef double gamma(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, ratio
    cdef floating[PIECE] terms
    # loss_i = sum_j Z_ij + Y_ij e^-Z_ij                   dZ_ij = (1 - Y_ij e^-Z_ij) scale
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            ratio = Y[start + i] * exponential_of(-Z[start + i])
            terms[i] = Z[start + i] + ratio
            dZ[start + i] = (1 - ratio) * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("gamma", gamma[float], gamma[double], {"link": "exponential"})


# --- gaussian, link mean_variance: two logits for each target, the mean and the logarithm of the variance ---
cdef double gaussian(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    cdef floating factor = <floating>scale, error, precision
    # loss_i = 1/2 sum_j s_ij + (m_ij - Y_ij)^2 e^-s_ij, m_ij = Z_i,2j and s_ij = Z_i,2j+1
    # dm_ij = (m_ij - Y_ij) e^-s_ij scale                  ds_ij = (1 - (m_ij - Y_ij)^2 e^-s_ij) / 2 scale
    for i in range(n_rows * (width // 2)):
        error = Z[2 * i] - Y[i]
        precision = exponential_of(-Z[2 * i + 1])
        total += Z[2 * i + 1] + error * error * precision
        dZ[2 * i] = error * precision * factor
        dZ[2 * i + 1] = (1 - error * error * precision) / 2 * factor
    return total / 2


register_loss("gaussian", gaussian[float], gaussian[double], {"link": "mean_variance", "outputs_per_target": 2})


# --- log_loss, link sigmoid: one yes or no for each column --------------------------------------------------
cdef double log_loss(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, z, e
    cdef floating[PIECE] terms
    # loss_i = sum_j log(1 + e^Z_ij) - Y_ij Z_ij           dZ_ij = (sigmoid(Z_ij) - Y_ij) scale
    #          log(1 + e^z) = max(0, z) + log(1 + e^-|z|)  sigmoid(z) = (z < 0 ? e^-|z| : 1) / (1 + e^-|z|)
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            z = Z[start + i]
            e = exponential_of(-absolute_of(z))
            terms[i] = (<floating>0 if z < 0 else z) - Y[start + i] * z + log1p_of(e)
            dZ[start + i] = ((e if z < 0 else <floating>1) / (1 + e) - Y[start + i]) * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("log_loss", log_loss[float], log_loss[double], {"link": "sigmoid"})


# --- cross_entropy, link softmax: one class of several ------------------------------------------------------
cdef void cross_entropy_exponentials(
    const floating* Z, Py_ssize_t n_rows, Py_ssize_t width, floating* highest, floating* exponentials,
) noexcept nogil:
    """e^(Z_ij - highest_i) of several rows at once: a row alone may be too short for the loop to vectorise."""
    cdef Py_ssize_t i, j
    for i in range(n_rows):
        highest[i] = Z[i * width]
        for j in range(i * width + 1, (i + 1) * width):
            highest[i] = Z[j] if Z[j] > highest[i] else highest[i]
        for j in range(i * width, (i + 1) * width):
            exponentials[j] = Z[j] - highest[i]
    for j in range(n_rows * width):
        exponentials[j] = exponential_of(exponentials[j])


cdef double cross_entropy(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, j, first = 0, n_together
    cdef double total = 0
    cdef floating sum_exp, sum_Y, sum_YZ, share, factor = <floating>scale
    cdef floating rest = <floating>values[0], kept = 1 - rest
    cdef floating[PIECE] highest
    while first < n_rows:
        n_together = min(max(<Py_ssize_t>1, 4 * PIECE // width), PIECE, n_rows - first)
        cross_entropy_exponentials(Z, n_together, width, highest, dZ)
        # T_ij = (1 - label_smoothing) Y_ij + label_smoothing / width sum_k Y_ik
        # loss_i = sum_j T_ij (log sum_k e^Z_ik - Z_ij)    dZ_ij = (softmax(Z_i)_j sum_k T_ik - T_ij) scale
        for i in range(n_together):
            sum_exp = sum_Y = sum_YZ = 0
            for j in range(width):
                sum_exp += dZ[j]
                sum_Y += Y[j]
                sum_YZ += Y[j] * (Z[j] - highest[i])
            share = sum_Y / sum_exp
            if rest == 0:
                for j in range(width):
                    dZ[j] = (dZ[j] * share - Y[j]) * factor
            else:
                sum_YZ *= kept
                for j in range(width):
                    sum_YZ += rest * sum_Y / width * (Z[j] - highest[i])
                    dZ[j] = (dZ[j] * share - (kept * Y[j] + rest * sum_Y / width)) * factor
            total += sum_Y * logarithm_of(sum_exp) - sum_YZ
            Z, Y, dZ = Z + width, Y + width, dZ + width
        first += n_together
    return total


register_loss("cross_entropy", cross_entropy[float], cross_entropy[double], {"link": "softmax", "hyper": ("label_smoothing",)})


# --- perceptron, link sign: Y is -1 or +1 -------------------------------------------------------------------
cdef double perceptron(
    const floating* Z, const floating* Y, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    cdef Py_ssize_t i, piece, start, n
    cdef double total = 0
    cdef floating factor = <floating>scale, margin
    cdef floating[PIECE] terms
    # loss_i = sum_j max(0, -Y_ij Z_ij)                    dZ_ij = -Y_ij scale at a mistake, Y_ij Z_ij <= 0; else 0
    for piece in range(n_pieces(n_rows * width)):
        start = piece * PIECE
        n = min(<Py_ssize_t>PIECE, n_rows * width - start)
        for i in range(n):
            margin = Y[start + i] * Z[start + i]
            terms[i] = <floating>0 if margin > 0 else -margin
            dZ[start + i] = <floating>0 if margin > 0 else -Y[start + i] * factor
        total += sum_in_four(<const floating*>terms, n)
    return total


register_loss("perceptron", perceptron[float], perceptron[double], {"link": "sign", "off": -1.0})
