from libc.stdint cimport uint64_t

# order = a permutation of 0 .. n-1 that depends on (seed, epoch) alone
cdef void permutation(Py_ssize_t* order, Py_ssize_t n, uint64_t seed, uint64_t epoch) noexcept nogil
