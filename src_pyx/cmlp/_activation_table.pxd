"""Activations: the table of their kernels, a row for each name in `activations`."""

from cython cimport floating

from cmlp._table cimport TABLE_SIZE

# A = f(Z). Z and A may be the same memory.
ctypedef void (*forward_f32)(const float* Z, float* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*forward_f64)(const double* Z, double* A, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# dZ = dA * f'(Z); dZ holds dA on entry. Z is A where the activation does not need Z.
ctypedef void (*backward_f32)(
    const float* Z, const float* A, float* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil
ctypedef void (*backward_f64)(
    const double* Z, const double* A, double* dZ, Py_ssize_t n_rows, Py_ssize_t width, double parameter) noexcept nogil

# The same with a learned slope for each unit (width,); backward also writes what the gradient of the slope sums up.
ctypedef void (*learned_forward_f32)(
    const float* Z, const float* slope, float* A, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_forward_f64)(
    const double* Z, const double* slope, double* A, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_backward_f32)(
    const float* Z, const float* slope, float* dZ, float* dslope, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil
ctypedef void (*learned_backward_f64)(
    const double* Z, const double* slope, double* dZ, double* dslope, Py_ssize_t n_rows, Py_ssize_t width) noexcept nogil

cdef struct Activation:
    forward_f32 forward32
    forward_f64 forward64
    backward_f32 backward32
    backward_f64 backward64
    bint elementwise                 # A_ij depends on Z_ij alone: a tile may hold part of a row
    bint needs_Z                     # for its derivative: Z is kept beside A
    bint learned                     # it has a slope for each unit, and the kernels below instead of those above
    learned_forward_f32 learned_forward32
    learned_forward_f64 learned_forward64
    learned_backward_f32 learned_backward32
    learned_backward_f64 learned_backward64

cdef Activation[TABLE_SIZE] ACTIVATION

cdef int register_activation(
    str name, forward_f32 forward32, forward_f64 forward64, backward_f32 backward32, backward_f64 backward64,
    dict traits=*) except -1
cdef int register_learned(
    str name, learned_forward_f32 forward32, learned_forward_f64 forward64, learned_backward_f32 backward32,
    learned_backward_f64 backward64, dict traits) except -1


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


cdef inline void learned_forward(
    Py_ssize_t activation, const floating* Z, const floating* slope, floating* A, Py_ssize_t n_rows, Py_ssize_t width,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].learned_forward32(Z, slope, A, n_rows, width)
    else:
        ACTIVATION[activation].learned_forward64(Z, slope, A, n_rows, width)


cdef inline void learned_backward(
    Py_ssize_t activation, const floating* Z, const floating* slope, floating* dZ, floating* dslope, Py_ssize_t n_rows,
    Py_ssize_t width,
) noexcept nogil:
    if floating is float:
        ACTIVATION[activation].learned_backward32(Z, slope, dZ, dslope, n_rows, width)
    else:
        ACTIVATION[activation].learned_backward64(Z, slope, dZ, dslope, n_rows, width)
