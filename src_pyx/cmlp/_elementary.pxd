"""Functions of one number, inline and without branches, so that each instruction set compiles them into vectorised loops.

exp: e^z = 2^n e^r with n = round(z / log 2) and |r| <= log(2) / 2; e^r is a polynomial, 2^n is written into the exponent's
bits in two halves, so that overflow gives inf and underflow the denormals and 0. The constants for z - n log 2 in two parts,
and the polynomials, are those of Moshier's Cephes library (expf, tanhf, tanh) and Taylor's (exp in double, log1p).
The largest errors, in units of the last place, are tested: exp 1, tanh 2, sigmoid 3, log1p 3.
"""

from cython cimport floating
from libc.math cimport fabs, fabsf, log, logf, sqrt, sqrtf
from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t
from libc.string cimport memcpy


cdef inline floating square_root_of(floating z) noexcept nogil:
    if floating is float:
        return sqrtf(z)
    else:
        return sqrt(z)


cdef inline floating logarithm_of(floating z) noexcept nogil:
    if floating is float:
        return logf(z)
    else:
        return log(z)


cdef inline floating absolute_of(floating z) noexcept nogil:
    if floating is float:
        return fabsf(z)
    else:
        return fabs(z)


# --- exp ----------------------------------------------------------------------------------------------------
# Added to a number and taken off again, this rounds it to a whole one: its last bit is worth 1.
cdef enum:
    ROUND_32 = 12582912                                # 1.5 2^23
    ROUND_64 = 6755399441055744                        # 1.5 2^52


cdef inline floating power_of_two(floating n) noexcept nogil:
    """2^n for a whole n inside the range of normal exponents: n + bias, shifted to where the exponent stands."""
    cdef int32_t bits32
    cdef int64_t bits64
    cdef floating shifted, result
    if floating is float:
        shifted = n + <floating>(ROUND_32 + 127)
        memcpy(&bits32, &shifted, sizeof(bits32))
        bits32 = bits32 << 23
        memcpy(&result, &bits32, sizeof(result))
    else:
        shifted = n + <floating>(ROUND_64 + 1023)
        memcpy(&bits64, &shifted, sizeof(bits64))
        bits64 = bits64 << 52
        memcpy(&result, &bits64, sizeof(result))
    return result


cdef inline floating exponential_of(floating z) noexcept nogil:
    cdef floating n, half, r, p
    cdef floating magic = <floating>ROUND_32 if floating is float else <floating>ROUND_64
    if floating is float:
        z = <floating>-104.0 if z < <floating>-104.0 else z
        z = <floating>89.0 if z > <floating>89.0 else z
        n = (z * <floating>1.44269504088896341 + magic) - magic
        r = (z - n * <floating>0.693359375) - n * <floating>-2.12194440e-4
        p = <floating>1.9875691500e-4
        p = p * r + <floating>1.3981999507e-3
        p = p * r + <floating>8.3334519073e-3
        p = p * r + <floating>4.1665795894e-2
        p = p * r + <floating>1.6666665459e-1
        p = p * r + <floating>5.0000001201e-1
    else:
        z = <floating>-746.0 if z < <floating>-746.0 else z
        z = <floating>710.0 if z > <floating>710.0 else z
        n = (z * <floating>1.44269504088896341 + magic) - magic
        r = (z - n * <floating>6.93145751953125e-1) - n * <floating>1.42860682030941723212e-6
        p = <floating>(1 / 6227020800.0)               # 1 / 13!
        p = p * r + <floating>(1 / 479001600.0)
        p = p * r + <floating>(1 / 39916800.0)
        p = p * r + <floating>(1 / 3628800.0)
        p = p * r + <floating>(1 / 362880.0)
        p = p * r + <floating>(1 / 40320.0)
        p = p * r + <floating>(1 / 5040.0)
        p = p * r + <floating>(1 / 720.0)
        p = p * r + <floating>(1 / 120.0)
        p = p * r + <floating>(1 / 24.0)
        p = p * r + <floating>(1 / 6.0)
        p = p * r + <floating>0.5
    p = p * r * r + r + 1
    half = (n * <floating>0.5 + magic) - magic
    return p * power_of_two(half) * power_of_two(n - half)


# --- what is made of it ---------------------------------------------------------------------------------------
cdef inline floating sigmoid_of(floating z) noexcept nogil:
    # 1 / (1 + e^-z): e^-z may be inf, and then the sigmoid is 0, its limit
    return 1 / (1 + exponential_of(-z))


cdef inline floating tanh_of(floating z) noexcept nogil:
    """Near 0 a polynomial in z^2, which keeps the last places; further out 1 - 2 / (e^2|z| + 1), with the sign of z."""
    cdef floating size = absolute_of(z), square = z * z, near, far
    if floating is float:
        near = <floating>-5.70498872745e-3
        near = near * square + <floating>2.06390887954e-2
        near = near * square + <floating>-5.37397155531e-2
        near = near * square + <floating>1.33314422036e-1
        near = near * square + <floating>-3.33332819422e-1
        near = near * square * z + z
    else:
        near = (
            (<floating>-9.64399179425052238628e-1 * square + <floating>-9.92877231001918586564e1) * square
            + <floating>-1.61468768441708447952e3
        ) / (
            ((square + <floating>1.12811678491632931402e2) * square + <floating>2.23548839060100448583e3) * square
            + <floating>4.84406305325125486048e3
        )
        near = near * square * z + z
    far = 1 - 2 / (exponential_of(2 * size) + 1)
    far = -far if z < 0 else far
    return near if size < <floating>0.625 else far


cdef inline floating log1p_of(floating u) noexcept nogil:
    """log(1 + u) for 0 <= u <= 1: Gregory's series 2 (s + s^3/3 + s^5/5 + ...) with s = u / (2 + u) <= 1/3."""
    cdef floating s = u / (2 + u), square = s * s, p
    if floating is float:
        p = <floating>(1 / 15.0)
    else:
        p = <floating>(1 / 33.0)
        p = p * square + <floating>(1 / 31.0)
        p = p * square + <floating>(1 / 29.0)
        p = p * square + <floating>(1 / 27.0)
        p = p * square + <floating>(1 / 25.0)
        p = p * square + <floating>(1 / 23.0)
        p = p * square + <floating>(1 / 21.0)
        p = p * square + <floating>(1 / 19.0)
        p = p * square + <floating>(1 / 17.0)
        p = p * square + <floating>(1 / 15.0)
    p = p * square + <floating>(1 / 13.0)
    p = p * square + <floating>(1 / 11.0)
    p = p * square + <floating>(1 / 9.0)
    p = p * square + <floating>(1 / 7.0)
    p = p * square + <floating>(1 / 5.0)
    p = p * square + <floating>(1 / 3.0)
    return 2 * (p * square * s + s)


# --- the largest ------------------------------------------------------------------------------------------------
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
