from cython cimport floating

# Row-major products; ld* is the distance between the starts of two rows.

# C (m, n) = beta C + A (m, k) . B (k, n)
cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil

# C (m, n) = beta C + A^T . B          A is (k, m), B is (k, n)
cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil

# C (m, n) = beta C + A . B^T          A is (m, k), B is (n, k)
cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil
