"""The three products of a multilayer perceptron, row-major, over BLAS.

    forward        Z  = A_prev . W             gemm_nn
    gradient       dW = A_prev^T . dZ          gemm_tn
    backward       dA_prev = dZ . W^T          gemm_nt

BLAS is column-major: it sees each row-major matrix as its transpose, so C = A . B is asked for as C^T = B^T . A^T,
with the operands swapped. BLAS takes int sizes: `largest_size` is the largest, and whoever plans the work space
(cmlp/validation.py) compares with it once, so the casts below lose nothing.
"""

from libc.limits cimport INT_MAX

from scipy.linalg.cython_blas cimport dgemm, sgemm

largest_size = INT_MAX


cdef inline void gemm_column_major(
    char* transpose_a, char* transpose_b, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda,
    const floating* B, Py_ssize_t ldb, floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    cdef int m_ = <int>m, n_ = <int>n, k_ = <int>k, lda_ = <int>lda, ldb_ = <int>ldb, ldc_ = <int>ldc
    cdef floating alpha = 1
    # scipy's signatures lack const (scipy issue 14262); BLAS only reads A and B
    if floating is float:
        sgemm(transpose_a, transpose_b, &m_, &n_, &k_, &alpha, <float*>A, &lda_, <float*>B, &ldb_, &beta, C, &ldc_)
    else:
        dgemm(transpose_a, transpose_b, &m_, &n_, &k_, &alpha, <double*>A, &lda_, <double*>B, &ldb_, &beta, C, &ldc_)


cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    gemm_column_major(b"n", b"n", n, m, k, B, ldb, A, lda, beta, C, ldc)


cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    gemm_column_major(b"n", b"t", n, m, k, B, ldb, A, lda, beta, C, ldc)


cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    gemm_column_major(b"t", b"n", n, m, k, B, ldb, A, lda, beta, C, ldc)
