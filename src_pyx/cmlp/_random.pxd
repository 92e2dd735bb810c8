"""Counter-based random numbers: Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC 2011), the generator of numpy.random.Philox, with the same words for the same key and counter."""

from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    static inline uint64_t cmlp_multiply_high(uint64_t a, uint64_t b) {      /* the upper 64 of the 128 bits of a b */
    #ifdef __SIZEOF_INT128__
        return (uint64_t)(((unsigned __int128)a * b) >> 64);
    #else
        uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
        uint64_t middle = a1 * b0 + ((a0 * b0) >> 32);
        uint64_t carry = a0 * b1 + (uint32_t)middle;
        return a1 * b1 + (middle >> 32) + (carry >> 32);
    #endif
    }
    #define CMLP_MULTIPLIER_0 UINT64_C(0xD2E7470EE14C6C93)
    #define CMLP_MULTIPLIER_1 UINT64_C(0xCA5A826395121157)
    #define CMLP_WEYL_0 UINT64_C(0x9E3779B97F4A7C15)
    #define CMLP_WEYL_1 UINT64_C(0xBB67AE8584CAA73B)
    """
    const uint64_t MULTIPLIER_0 "CMLP_MULTIPLIER_0"
    const uint64_t MULTIPLIER_1 "CMLP_MULTIPLIER_1"
    const uint64_t WEYL_0 "CMLP_WEYL_0"
    const uint64_t WEYL_1 "CMLP_WEYL_1"
    uint64_t multiply_high "cmlp_multiply_high"(uint64_t a, uint64_t b) noexcept nogil

cdef enum:
    N_ROUNDS = 10

# What the random numbers of a pass depend on, besides sample and unit.
cdef struct Draw:
    uint64_t seed
    uint64_t layer               # 0 for the inputs, l + 1 for layer l
    uint64_t t                   # the update, or the number of the pass
    uint64_t purpose             # DROPOUT, NOISE or SAMPLING; a shuffle has 0

cdef enum:
    DROPOUT = 1
    NOISE = 2
    SAMPLING = 3


cdef inline void philox(const uint64_t* counter, uint64_t key_0, uint64_t key_1, uint64_t* words) noexcept nogil:
    """words (4) of the counter (4) under the key."""
    cdef int _round
    cdef uint64_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], high_0, high_1
    for _round in range(N_ROUNDS):
        high_0 = multiply_high(MULTIPLIER_0, c0)
        high_1 = multiply_high(MULTIPLIER_1, c2)
        c0, c1, c2, c3 = high_1 ^ c1 ^ key_0, MULTIPLIER_1 * c2, high_0 ^ c3 ^ key_1, MULTIPLIER_0 * c0
        key_0 += WEYL_0
        key_1 += WEYL_1
    words[0], words[1], words[2], words[3] = c0, c1, c2, c3


# order = a permutation of 0 .. n-1 that depends on (seed, epoch) alone
cdef void permutation(Py_ssize_t* order, Py_ssize_t n, uint64_t seed, uint64_t epoch) noexcept nogil
