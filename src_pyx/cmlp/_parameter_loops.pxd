"""Loops over flat pieces of the parameters that each instruction set compiles (_regularization): the table that they fill."""

from cython cimport floating

# change += l2 theta + l1 sign(theta): the gradient of l1 |theta| + l2 theta^2 / 2
ctypedef void (*penalise_f32)(float* change, const float* theta, Py_ssize_t n, double l1, double l2) noexcept nogil
ctypedef void (*penalise_f64)(double* change, const double* theta, Py_ssize_t n, double l1, double l2) noexcept nogil

# change = factor change, then cut off at -most and most
ctypedef void (*clip_f32)(float* change, Py_ssize_t n, double factor, double most) noexcept nogil
ctypedef void (*clip_f64)(double* change, Py_ssize_t n, double factor, double most) noexcept nogil

# change = factor change - share theta
ctypedef void (*decay_f32)(float* change, const float* theta, Py_ssize_t n, double factor, double share) noexcept nogil
ctypedef void (*decay_f64)(double* change, const double* theta, Py_ssize_t n, double factor, double share) noexcept nogil

# theta += change; returns max |change|
ctypedef double (*add_change_f32)(float* theta, const float* change, Py_ssize_t n) noexcept nogil
ctypedef double (*add_change_f64)(double* theta, const double* change, Py_ssize_t n) noexcept nogil

# ema += share (theta - ema)
ctypedef void (*move_ema_f32)(float* ema, const float* theta, Py_ssize_t n, double share) noexcept nogil
ctypedef void (*move_ema_f64)(double* ema, const double* theta, Py_ssize_t n, double share) noexcept nogil

# the sum of squares
ctypedef double (*sum_squares_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef double (*sum_squares_f64)(const double* values, Py_ssize_t n) noexcept nogil

cdef struct ParameterLoops:
    penalise_f32 penalise32
    penalise_f64 penalise64
    clip_f32 clip32
    clip_f64 clip64
    decay_f32 decay32
    decay_f64 decay64
    add_change_f32 add_change32
    add_change_f64 add_change64
    move_ema_f32 move_ema32
    move_ema_f64 move_ema64
    sum_squares_f32 sum_squares32
    sum_squares_f64 sum_squares64

cdef ParameterLoops PARAMETER_LOOPS


cdef inline void penalise(floating* change, const floating* theta, Py_ssize_t n, double l1, double l2) noexcept nogil:
    if floating is float:
        PARAMETER_LOOPS.penalise32(change, theta, n, l1, l2)
    else:
        PARAMETER_LOOPS.penalise64(change, theta, n, l1, l2)


cdef inline void clip(floating* change, Py_ssize_t n, double factor, double most) noexcept nogil:
    if floating is float:
        PARAMETER_LOOPS.clip32(change, n, factor, most)
    else:
        PARAMETER_LOOPS.clip64(change, n, factor, most)


cdef inline void decay(floating* change, const floating* theta, Py_ssize_t n, double factor, double share) noexcept nogil:
    if floating is float:
        PARAMETER_LOOPS.decay32(change, theta, n, factor, share)
    else:
        PARAMETER_LOOPS.decay64(change, theta, n, factor, share)


cdef inline double add_change(floating* theta, const floating* change, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return PARAMETER_LOOPS.add_change32(theta, change, n)
    else:
        return PARAMETER_LOOPS.add_change64(theta, change, n)


cdef inline void move_ema(floating* ema, const floating* theta, Py_ssize_t n, double share) noexcept nogil:
    if floating is float:
        PARAMETER_LOOPS.move_ema32(ema, theta, n, share)
    else:
        PARAMETER_LOOPS.move_ema64(ema, theta, n, share)


cdef inline double sum_squares(const floating* values, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return PARAMETER_LOOPS.sum_squares32(values, n)
    else:
        return PARAMETER_LOOPS.sum_squares64(values, n)
