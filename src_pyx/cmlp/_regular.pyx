"""What is done to a gradient before the optimizer has it, and to its change before it is added: penalties, clipping, decay.

Equations and sources: cmlp/reference/regular.py.
"""

from cython cimport floating
from libc.math cimport INFINITY

from cmlp._registry cimport LINEAR

cdef enum:
    LANES = 16


cdef void penalise(floating* change, const floating* theta, Py_ssize_t n, double l1, double l2) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating slope = <floating>l1, curvature = <floating>l2
    # change = dtheta + l2 theta + l1 sign(theta)
    for i in range(n):
        change[i] += curvature * theta[i] + (slope if theta[i] > 0 else (-slope if theta[i] < 0 else <floating>0))


cdef void decay(floating* change, const floating* theta, Py_ssize_t n, double factor, double share) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating factor_ = <floating>factor, share_ = <floating>share
    # change = factor change - share theta
    for i in range(n):
        change[i] = factor_ * change[i] - share_ * theta[i]


cdef void clip(floating* change, Py_ssize_t n, double factor, double most) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating factor_ = <floating>factor, most_ = <floating>most
    # change = factor dtheta, then cut off at -most and most
    if factor != 1:
        for i in range(n):
            change[i] *= factor_
    if most < INFINITY:
        for i in range(n):
            change[i] = -most_ if change[i] < -most_ else (most_ if change[i] > most_ else change[i])


cdef void average(floating* mean, const floating* theta, Py_ssize_t n, double share) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating share_ = <floating>share
    # mean = mean + share (theta - mean)
    for i in range(n):
        mean[i] += share_ * (theta[i] - mean[i])


cdef double squares(const floating* values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double[LANES] lanes
    cdef double total = 0
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            lanes[j] += <double>values[i * LANES + j] * values[i * LANES + j]
    for i in range(n // LANES * LANES, n):
        lanes[0] += <double>values[i] * values[i]
    for j in range(LANES):
        total += lanes[j]
    return total


LINEAR.penalise32, LINEAR.penalise64 = penalise[float], penalise[double]
LINEAR.decay32, LINEAR.decay64 = decay[float], decay[double]
LINEAR.clip32, LINEAR.clip64 = clip[float], clip[double]
LINEAR.average32, LINEAR.average64 = average[float], average[double]
LINEAR.squares32, LINEAR.squares64 = squares[float], squares[double]
