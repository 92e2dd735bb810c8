"""The order of the samples in an epoch, from counter-based random numbers. Equations: cmlp/reference/random.py."""

from libc.stdint cimport uint64_t


cdef void permutation(Py_ssize_t* order, Py_ssize_t n, uint64_t seed, uint64_t epoch) noexcept nogil:
    """Fisher and Yates, as Durstenfeld gave it (CACM 7, 1964, algorithm 235): i from n-1 down to 1 changes places with j,
    uniform in 0 .. i; j = word (i + 1) / 2^64, rounded down, which is off from uniform by less than 2^-64 (i + 1)."""
    cdef Py_ssize_t i, j, drawn = 0
    cdef uint64_t[4] counter
    cdef uint64_t[4] words
    counter[0] = counter[1] = counter[2] = counter[3] = 0
    for i in range(n):
        order[i] = i
    for i in range(n - 1, 0, -1):
        if drawn % 4 == 0:
            counter[0] += 1
            philox(counter, seed, epoch, words)
        j = <Py_ssize_t>multiply_high(words[drawn % 4], <uint64_t>i + 1)
        drawn += 1
        order[i], order[j] = order[j], order[i]
