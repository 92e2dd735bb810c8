"""What is done to a gradient before the optimizer has it, to its change, and to the parameters then: penalties, clipping,
decay, the update itself, the EMA of the weights.

Equations and sources: cmlp/reference/regularization.py.
"""

from cython cimport floating
from libc.math cimport INFINITY

from cmlp._elementary cimport larger, largest_magnitude
from cmlp._parameter_loops cimport PARAMETER_LOOPS
from cmlp._sums cimport sum_squares_in_lanes

cdef enum:
    PIECE = 1024                         # numbers that stay in the nearest cache


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


cdef double add_change(floating* theta, const floating* change, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t piece, start, size, i
    cdef double largest = 0
    # theta = theta + change, a piece at a time, whose largest |change| is found while it is in cache
    for piece in range((n + PIECE - 1) // PIECE):
        start = piece * PIECE
        size = min(<Py_ssize_t>PIECE, n - start)
        for i in range(start, start + size):
            theta[i] += change[i]
        largest = larger(largest, largest_magnitude(change + start, size))
    return largest


cdef void move_ema(floating* ema, const floating* theta, Py_ssize_t n, double share) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating share_ = <floating>share
    # ema = ema + share (theta - ema)
    for i in range(n):
        ema[i] += share_ * (theta[i] - ema[i])


cdef double sum_squares(const floating* values, Py_ssize_t n) noexcept nogil:
    return sum_squares_in_lanes(values, n)


PARAMETER_LOOPS.penalise32, PARAMETER_LOOPS.penalise64 = penalise[float], penalise[double]
PARAMETER_LOOPS.clip32, PARAMETER_LOOPS.clip64 = clip[float], clip[double]
PARAMETER_LOOPS.decay32, PARAMETER_LOOPS.decay64 = decay[float], decay[double]
PARAMETER_LOOPS.add_change32, PARAMETER_LOOPS.add_change64 = add_change[float], add_change[double]
PARAMETER_LOOPS.move_ema32, PARAMETER_LOOPS.move_ema64 = move_ema[float], move_ema[double]
PARAMETER_LOOPS.sum_squares32, PARAMETER_LOOPS.sum_squares64 = sum_squares[float], sum_squares[double]
