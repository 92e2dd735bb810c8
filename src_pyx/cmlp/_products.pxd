from cython cimport floating

# Row-major products; ld* is the distance between the starts of two rows. S is where the sums start from: NULL for zeros, C
# itself, or other rows lds apart; one row for all rows of C where lds = 0.

# C (m, n) = S + A (m, k) . B (k, n)
cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc) noexcept nogil

# C (m, n) = S + A^T . B          A is (k, m), B is (k, n)
cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc) noexcept nogil

# C (m, n) = S + A . B^T          A is (m, k), B is (n, k)
cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc) noexcept nogil

# Whether this build has skip_zeros (_product_loops.pxd).
cdef bint can_skip_zeros() noexcept nogil

# Whether products are made by the register tiles of _tiles.pyx; else BLAS makes them.
cdef bint has_tiles() noexcept nogil
