"""The tables of kernels: what each family looks like, and the rows that the kernel modules fill in.

Kernels work on rows, never on one number, so that a call through a pointer costs nothing. Outputs follow inputs, then
sizes, then scalars; const marks what is only read. Rows lie one after the other (stride = width).
"""

from cython cimport floating

# A = f(Z). Z and A may be the same memory.
ctypedef void (*forward_f32)(const float* Z, float* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*forward_f64)(const double* Z, double* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# dZ = dA * f'(Z); dZ holds dA on entry. Z is A where the activation does not ask for Z to be kept.
ctypedef void (*backward_f32)(
    const float* Z, const float* A, float* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*backward_f64)(
    const double* Z, const double* A, double* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# Returns the sum of the losses of rows of equal weight; dP = d(that sum) / dP * scale. P is the score Z where the loss has a
# link, else the output A.
ctypedef double (*loss_f32)(
    const float* P, const float* Y, float* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale) noexcept nogil
ctypedef double (*loss_f64)(
    const double* P, const double* Y, double* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale) noexcept nogil

# Turns a piece of the gradient into the change of the parameters, in place. Slot s of the optimizer's memory for this
# piece starts at state + s * slot_stride. hyper holds the values named at registration; t counts updates from 1.
ctypedef void (*optimizer_f32)(
    float* change, float* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* hyper, Py_ssize_t t) noexcept nogil
ctypedef void (*optimizer_f64)(
    double* change, double* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* hyper, Py_ssize_t t) noexcept nogil

cdef struct Activation:
    forward_f32 forward32
    forward_f64 forward64
    backward_f32 backward32
    backward_f64 backward64
    bint elementwise                 # A_ij depends on Z_ij alone: a tile may hold part of a row

cdef struct Loss:
    loss_f32 loss32
    loss_f64 loss64
    int link                         # the row in ACTIVATION of the output function that the loss sets itself; -1: none
    double off                       # what Y holds for the classes that a sample is not in; 1 for the one it is in

cdef struct Optimizer:
    optimizer_f32 change32
    optimizer_f64 change64

# The index of a name in `activations`, `losses`, `optimizers` is its row here.
cdef Activation[64] ACTIVATION
cdef Loss[64] LOSS
cdef Optimizer[64] OPTIMIZER

cdef int register_activation(
    str name, forward_f32 forward32, forward_f64 forward64, backward_f32 backward32, backward_f64 backward64,
    dict traits=*) except -1
cdef int register_loss(str name, loss_f32 loss32, loss_f64 loss64, dict traits=*) except -1
cdef int register_optimizer(
    str name, optimizer_f32 change32, optimizer_f64 change64, tuple hyper, int n_slots) except -1


cdef inline void activation_forward(
    Py_ssize_t activation, const floating* Z, floating* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].forward32(Z, A, n_rows, width, parameter)
    else:
        ACTIVATION[activation].forward64(Z, A, n_rows, width, parameter)


cdef inline void activation_backward(
    Py_ssize_t activation, const floating* Z, const floating* A, floating* dZ, Py_ssize_t n_rows, Py_ssize_t width,
    double parameter,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].backward32(Z, A, dZ, n_rows, width, parameter)
    else:
        ACTIVATION[activation].backward64(Z, A, dZ, n_rows, width, parameter)


cdef inline double loss_of_rows(
    int loss, const floating* P, const floating* Y, floating* dP, Py_ssize_t n_rows, Py_ssize_t width, double scale,
) noexcept nogil:
    if floating is float:
        return LOSS[loss].loss32(P, Y, dP, n_rows, width, scale)
    else:
        return LOSS[loss].loss64(P, Y, dP, n_rows, width, scale)


cdef inline double loss_gradient(
    int loss, const floating* P, const floating* Y, const floating* sample_weight, floating* dP, Py_ssize_t n_rows,
    Py_ssize_t width, double scale,
) noexcept nogil:
    """The sum over rows of sample_weight * loss, and its gradient times scale. sample_weight may be NULL: all ones."""
    cdef Py_ssize_t i
    cdef double total = 0, weight
    if sample_weight == NULL:
        return loss_of_rows(loss, P, Y, dP, n_rows, width, scale)
    for i in range(n_rows):
        weight = sample_weight[i]
        total += weight * loss_of_rows(loss, P + i * width, Y + i * width, dP + i * width, 1, width, scale * weight)
    return total


cdef inline void optimizer_change(
    int optimizer, floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* hyper,
    Py_ssize_t t,
) noexcept nogil:
    if floating is float:
        OPTIMIZER[optimizer].change32(change, state, slot_stride, n, hyper, t)
    else:
        OPTIMIZER[optimizer].change64(change, state, slot_stride, n, hyper, t)
