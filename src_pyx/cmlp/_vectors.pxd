"""Vector registers of x86-64-v3 and -v4 for Cython: arithmetic works on all lanes, the first n can be loaded and stored.

Only for modules that are built for these two levels, with -ffp-contract=fast.
"""

from cython cimport floating

cdef extern from *:
    """
    #include <immintrin.h>
    /* `inline` is a wish. Here it must be obeyed: a tile lies in registers only if its size is known where it is worked on. */
    #undef CYTHON_INLINE
    #define CYTHON_INLINE inline __attribute__((always_inline))
    #if defined(__AVX512F__)
        enum { CMLP_BYTES = 64 };
        #define cmlp_mask(n) ((1u << (n)) - 1)
        #define cmlp_load32(p, n) _mm512_maskz_loadu_ps((__mmask16)cmlp_mask(n), p)
        #define cmlp_load64(p, n) _mm512_maskz_loadu_pd((__mmask8)cmlp_mask(n), p)
        #define cmlp_store32(p, n, v) _mm512_mask_storeu_ps(p, (__mmask16)cmlp_mask(n), v)
        #define cmlp_store64(p, n, v) _mm512_mask_storeu_pd(p, (__mmask8)cmlp_mask(n), v)
        #define cmlp_nonzero32(v) ((unsigned)_mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ))
        #define cmlp_nonzero64(v) ((unsigned)_mm512_cmp_pd_mask(v, _mm512_setzero_pd(), _CMP_NEQ_UQ))
    #else
        enum { CMLP_BYTES = 32 };
        #define cmlp_mask32(n) _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
        #define cmlp_mask64(n) _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3))
        #define cmlp_load32(p, n) _mm256_maskload_ps(p, cmlp_mask32(n))
        #define cmlp_load64(p, n) _mm256_maskload_pd(p, cmlp_mask64(n))
        #define cmlp_store32(p, n, v) _mm256_maskstore_ps(p, cmlp_mask32(n), v)
        #define cmlp_store64(p, n, v) _mm256_maskstore_pd(p, cmlp_mask64(n), v)
        #define cmlp_nonzero32(v) ((unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ)))
        #define cmlp_nonzero64(v) ((unsigned)_mm256_movemask_pd(_mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_NEQ_UQ)))
    #endif
    /* One register: arithmetic works on all of its lanes. It is loaded from any address, as numbers are. */
    typedef float cmlp_f32s __attribute__((vector_size(CMLP_BYTES), aligned(4), may_alias));
    typedef double cmlp_f64s __attribute__((vector_size(CMLP_BYTES), aligned(8), may_alias));
    """
    cdef enum:
        BYTES "CMLP_BYTES"               # of a vector
    ctypedef float f32s "cmlp_f32s"
    ctypedef double f64s "cmlp_f64s"
    # the first n lanes
    f32s load32 "cmlp_load32"(const float* p, int n) noexcept nogil
    f64s load64 "cmlp_load64"(const double* p, int n) noexcept nogil
    void store32 "cmlp_store32"(float* p, int n, f32s values) noexcept nogil
    void store64 "cmlp_store64"(double* p, int n, f64s values) noexcept nogil
    # a bit for each lane that is not 0
    unsigned int nonzero32 "cmlp_nonzero32"(f32s values) noexcept nogil
    unsigned int nonzero64 "cmlp_nonzero64"(f64s values) noexcept nogil

ctypedef fused vector:                   # goes with `floating`: (float, f32s) or (double, f64s)
    f32s
    f64s


cdef inline vector load_first(const floating* p, Py_ssize_t n, vector zero) noexcept nogil:
    if vector is f32s and floating is float:
        return load32(p, <int>n)
    elif vector is f64s and floating is double:
        return load64(p, <int>n)
    else:
        return zero                      # never called


cdef inline void store_first(floating* p, Py_ssize_t n, vector values) noexcept nogil:
    if n == BYTES // sizeof(floating):
        (<vector*>p)[0] = values
    elif vector is f32s and floating is float:
        store32(p, <int>n, values)
    elif vector is f64s and floating is double:
        store64(p, <int>n, values)
