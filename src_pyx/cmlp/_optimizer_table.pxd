"""Optimizers: the table of their kernels, a row for each name in `optimizers`."""

from cython cimport floating

from cmlp._table cimport TABLE_SIZE

# Turns a piece of the gradient into the change of the parameters, in place. Slot s of the optimizer state of this piece
# starts at state + s * slot_stride. values: see prepare_values.
ctypedef void (*optimizer_f32)(
    float* change, float* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values) noexcept nogil
ctypedef void (*optimizer_f64)(
    double* change, double* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values) noexcept nogil

# On entry `values` (MOST_VALUES,) holds the hyperparameters in the order of their names, on return what the pieces of update
# t = 1, 2, ... need.
ctypedef void (*prepare_values)(double* values, Py_ssize_t t) noexcept nogil

cdef struct Optimizer:
    optimizer_f32 change32
    optimizer_f64 change64
    prepare_values prepare           # NULL: the hyperparameters as they are
    int n_hyper

cdef Optimizer[TABLE_SIZE] OPTIMIZER

cdef int register_optimizer(
    str name, optimizer_f32 change32, optimizer_f64 change64, tuple hyper, int n_slots, prepare_values prepare=*) except -1


cdef inline void optimizer_values(int optimizer, const double* hyper, Py_ssize_t t, double* values) noexcept nogil:
    cdef int i
    for i in range(OPTIMIZER[optimizer].n_hyper):
        values[i] = hyper[i]
    if OPTIMIZER[optimizer].prepare != NULL:
        OPTIMIZER[optimizer].prepare(values, t)


cdef inline void optimizer_change(
    int optimizer, floating* change, floating* state, Py_ssize_t slot_stride, Py_ssize_t n, const double* values,
) noexcept nogil:
    if floating is float:
        OPTIMIZER[optimizer].change32(change, state, slot_stride, n, values)
    else:
        OPTIMIZER[optimizer].change64(change, state, slot_stride, n, values)
