"""Functions of one number, inline and without branches, so that each instruction set compiles them into vectorised loops.

exp: e^z = 2^n e^r with n = round(z / log 2) and |r| <= log(2) / 2; e^r is a polynomial, 2^n is written into the exponent's
bits in two halves, so that overflow gives inf and underflow the denormals and 0. The constants for z - n log 2 in two parts,
and the polynomials, are those of Moshier's Cephes library (expf, tanhf, tanh) and Taylor's (exp in double, log1p).
erf and erfc are rational functions of Cephes too. The largest errors, in units of the last place, are tested: exp 1,
tanh 2, sigmoid 3, log1p 3; those of Phi, sine and cosine as errors, beside 1.
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


cdef inline floating exponential_minus_1_of(floating z) noexcept nogil:
    # e^z - 1 = 2 t / (1 - t) with t = tanh(z / 2), for z <= 0: no digits are lost near 0
    cdef floating t = tanh_of(z / 2)
    return 2 * t / (1 - t)


# --- the normal distribution ----------------------------------------------------------------------------------
cdef inline floating normal_density_of(floating z) noexcept nogil:
    # e^(-z^2 / 2) / sqrt(2 pi)
    return <floating>0.39894228040143267794 * exponential_of(-z * z / 2)


cdef inline floating error_function_of(floating x) noexcept nogil:
    """erf(x) for |x| <= 1, by the rational function of Cephes (ndtr.c)."""
    cdef floating square = x * x, p, q
    p = <floating>9.60497373987051638749
    p = p * square + <floating>9.00260197203842689217e1
    p = p * square + <floating>2.23200534594684319226e3
    p = p * square + <floating>7.00332514112805075473e3
    p = p * square + <floating>5.55923013010394962768e4
    q = square + <floating>3.35617141647503099647e1
    q = q * square + <floating>5.21357949780152679795e2
    q = q * square + <floating>4.59432382970980127987e3
    q = q * square + <floating>2.26290000613890934246e4
    q = q * square + <floating>4.92673942608635921086e4
    return x * p / q


cdef inline floating complement_of(floating x) noexcept nogil:
    """erfc(x) e^(x^2) for x >= 1, likewise; in float it is not wanted beyond 12, where erfc is 0."""
    cdef floating p, q, r, s
    p = <floating>2.46196981473530512524e-10
    p = p * x + <floating>5.64189564831068821977e-1
    p = p * x + <floating>7.46321056442269912687
    p = p * x + <floating>4.86371970985681366614e1
    p = p * x + <floating>1.96520832956077098242e2
    p = p * x + <floating>5.26445194995477358631e2
    p = p * x + <floating>9.34528527171957607540e2
    p = p * x + <floating>1.02755188689515710272e3
    p = p * x + <floating>5.57535335369399327526e2
    q = x + <floating>1.32281951154744992508e1
    q = q * x + <floating>8.67072140885989742329e1
    q = q * x + <floating>3.54937778887819891062e2
    q = q * x + <floating>9.75708501743205489753e2
    q = q * x + <floating>1.82390916687909736289e3
    q = q * x + <floating>2.24633760818710981792e3
    q = q * x + <floating>1.65666309194161350182e3
    q = q * x + <floating>5.57535340817727675546e2
    if floating is double:
        r = <floating>5.64189583547755073984e-1
        r = r * x + <floating>1.27536670759978104416
        r = r * x + <floating>5.01905042251180477414
        r = r * x + <floating>6.16021097993053585195
        r = r * x + <floating>7.40974269950448939160
        r = r * x + <floating>2.97886665372100240670
        s = x + <floating>2.26052863220117276590
        s = s * x + <floating>9.39603524938001434673
        s = s * x + <floating>1.20489539808096656605e1
        s = s * x + <floating>1.70814450747565897222e1
        s = s * x + <floating>9.60896809063285878198
        s = s * x + <floating>3.36907645100081516050
        p, q = p if x < 8 else r, q if x < 8 else s
    return p / q


cdef inline floating normal_distribution_of(floating z) noexcept nogil:
    # Phi(z) = (1 + erf(x)) / 2 with x = z / sqrt(2); where |x| > 1, half of erfc(|x|), or 1 less that
    cdef floating x = z * <floating>0.70710678118654752440, size = absolute_of(x), tail, center
    size = size if size < 12 or floating is double else <floating>12
    size = size if size < 30 else <floating>30
    center = <floating>0.5 + <floating>0.5 * error_function_of(x if absolute_of(x) < 1 else <floating>0)
    tail = <floating>0.5 * exponential_of(-z * z / 2) * complement_of(size)
    return center if size < 1 else (tail if z < 0 else 1 - tail)


# --- sine and cosine, where |z| < REDUCIBLE -------------------------------------------------------------------
cdef enum:
    REDUCIBLE = 1000 * 1000

cdef extern from *:
    """
    /* pi in three parts: the first two have 29 and 30 bits, so that their products with a whole number below 2^22 are exact */
    #define CMLP_PI_HIGH 3.141592651605606
    #define CMLP_PI_MIDDLE 1.9841871583270443e-09
    #define CMLP_PI_LOW 1.034036596358821e-18
    """
    const double CMLP_PI_HIGH, CMLP_PI_MIDDLE, CMLP_PI_LOW


cdef inline floating remainder_of(double z, floating* sign) noexcept nogil:
    """r in [-pi/2, pi/2] and the sign with sin(z) = sign sin(r), cos(z) = sign cos(r): z less the nearest multiple n of pi."""
    cdef double n = (z * 0.31830988618379067154 + <double>ROUND_64) - <double>ROUND_64
    cdef double half = (n * 0.5 + <double>ROUND_64) - <double>ROUND_64, odd = n - 2 * half
    sign[0] = <floating>(1 - 2 * odd * odd)
    return <floating>(((z - n * CMLP_PI_HIGH) - n * CMLP_PI_MIDDLE) - n * CMLP_PI_LOW)


cdef inline floating sine_of(floating z) noexcept nogil:
    # Taylor's series: r (1 - r^2/(2 3) (1 - r^2/(4 5) (1 - ...)))
    cdef floating sign, r = remainder_of(<double>z, &sign), square = r * r, p = 1
    if floating is double:
        p = 1 - square * p * <floating>(1 / 506.0)
        p = 1 - square * p * <floating>(1 / 420.0)
        p = 1 - square * p * <floating>(1 / 342.0)
        p = 1 - square * p * <floating>(1 / 272.0)
    p = 1 - square * p * <floating>(1 / 210.0)
    p = 1 - square * p * <floating>(1 / 156.0)
    p = 1 - square * p * <floating>(1 / 110.0)
    p = 1 - square * p * <floating>(1 / 72.0)
    p = 1 - square * p * <floating>(1 / 42.0)
    p = 1 - square * p * <floating>(1 / 20.0)
    p = 1 - square * p * <floating>(1 / 6.0)
    return sign * r * p


cdef inline floating cosine_of(floating z) noexcept nogil:
    # 1 - r^2/(1 2) (1 - r^2/(3 4) (1 - ...))
    cdef floating sign, r = remainder_of(<double>z, &sign), square = r * r, p = 1
    if floating is double:
        p = 1 - square * p * <floating>(1 / 552.0)
        p = 1 - square * p * <floating>(1 / 462.0)
        p = 1 - square * p * <floating>(1 / 380.0)
        p = 1 - square * p * <floating>(1 / 306.0)
    p = 1 - square * p * <floating>(1 / 240.0)
    p = 1 - square * p * <floating>(1 / 182.0)
    p = 1 - square * p * <floating>(1 / 132.0)
    p = 1 - square * p * <floating>(1 / 90.0)
    p = 1 - square * p * <floating>(1 / 56.0)
    p = 1 - square * p * <floating>(1 / 30.0)
    p = 1 - square * p * <floating>(1 / 12.0)
    p = 1 - square * p * <floating>(1 / 2.0)
    return sign * p


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
