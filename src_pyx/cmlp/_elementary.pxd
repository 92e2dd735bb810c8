"""Functions of one number, inline, so that each instruction set compiles them into its own loops."""

from cython cimport floating
from libc.math cimport exp, expf, fabs, fabsf, log1p, log1pf, sqrt, sqrtf, tanh, tanhf
from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t
from libc.string cimport memcpy


cdef inline floating exponential_of(floating z) noexcept nogil:
    if floating is float:
        return expf(z)
    else:
        return exp(z)


cdef inline floating tanh_of(floating z) noexcept nogil:
    if floating is float:
        return tanhf(z)
    else:
        return tanh(z)


cdef inline floating log1p_of(floating z) noexcept nogil:
    if floating is float:
        return log1pf(z)
    else:
        return log1p(z)


cdef inline floating absolute_of(floating z) noexcept nogil:
    if floating is float:
        return fabsf(z)
    else:
        return fabs(z)


cdef inline floating square_root_of(floating z) noexcept nogil:
    if floating is float:
        return sqrtf(z)
    else:
        return sqrt(z)


cdef inline floating sigmoid_of(floating z) noexcept nogil:
    # 1 / (1 + e^-z): e^-z may be inf, and then the sigmoid is 0, its limit
    return 1 / (1 + exponential_of(-z))


cdef inline double largest_magnitude(const floating* values, Py_ssize_t n) noexcept nogil:
    """max |values|, nan if one is nan. The bits of |x|, read as an integer, are ordered as |x| is, with inf and then nan
    above all numbers; and a maximum of integers, unlike one of floats, vectorises."""
    cdef Py_ssize_t i
    cdef int32_t bits32, largest32 = 0
    cdef int64_t bits64, largest64 = 0
    cdef floating result
    if floating is float:
        for i in range(n):
            memcpy(&bits32, values + i, sizeof(bits32))
            bits32 = bits32 & INT32_MAX
            largest32 = bits32 if bits32 > largest32 else largest32
        memcpy(&result, &largest32, sizeof(result))
    else:
        for i in range(n):
            memcpy(&bits64, values + i, sizeof(bits64))
            bits64 = bits64 & INT64_MAX
            largest64 = bits64 if bits64 > largest64 else largest64
        memcpy(&result, &largest64, sizeof(result))
    return result


cdef inline double larger(double a, double b) noexcept nogil:
    """max(a, b), nan if either is nan."""
    return b if b > a or b != b else a
