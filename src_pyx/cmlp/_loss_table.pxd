"""Losses: the table of their kernels, a row for each name in `losses`."""

from cython cimport floating

from cmlp._table cimport TABLE_SIZE

# Returns the sum of the losses of rows of equal weight; dP = d(that sum) / dP * scale. P is the logits Z where the loss has a
# link, else the output A; `width` is that of P; `values` are the loss's hyperparameters, at most MOST_VALUES.
ctypedef double (*loss_f32)(
    const float* P, const float* Y, float* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values) noexcept nogil
ctypedef double (*loss_f64)(
    const double* P, const double* Y, double* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values) noexcept nogil

cdef struct Loss:
    loss_f32 loss32
    loss_f64 loss64
    int link                         # the row in ACTIVATION of the output function that the loss sets itself; -1: none
    double off                       # what Y holds for the classes that a sample is not in; 1 for the one it is in

cdef Loss[TABLE_SIZE] LOSS

cdef int register_loss(str name, loss_f32 loss32, loss_f64 loss64, dict traits=*) except -1


cdef inline double loss_of_rows(
    int loss, const floating* P, const floating* Y, floating* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
    const double* values,
) noexcept nogil:
    if floating is float:
        return LOSS[loss].loss32(P, Y, dP, n_rows, width, scale, values)
    else:
        return LOSS[loss].loss64(P, Y, dP, n_rows, width, scale, values)


cdef inline double loss_gradient(
    int loss, const floating* P, const floating* Y, const floating* sample_weight, floating* dP, Py_ssize_t n_rows,
    Py_ssize_t width, Py_ssize_t n_targets, double scale, const double* values,
) noexcept nogil:
    """The sum over rows of sample_weight * loss, and its gradient times scale. sample_weight may be NULL: all ones."""
    cdef Py_ssize_t i
    cdef double total = 0, weight
    if sample_weight == NULL:
        return loss_of_rows(loss, P, Y, dP, n_rows, width, scale, values)
    for i in range(n_rows):
        weight = sample_weight[i]
        total += weight * loss_of_rows(
            loss, P + i * width, Y + i * n_targets, dP + i * width, 1, width, scale * weight, values)
    return total
