"""The three products of a multilayer perceptron, row-major, over BLAS.

    forward        Z  = A_prev . W             gemm_nn
    gradient       dW = A_prev^T . dZ          gemm_tn
    backward       dA_prev = dZ . W^T          gemm_nt

BLAS is column-major: it sees each row-major matrix as its transpose, so C = A . B is asked for as C^T = B^T . A^T,
with the operands swapped. BLAS takes int sizes: `largest_size` is the largest, and whoever plans the work space
(cmlp/validation.py) compares with it once, so the casts below lose nothing.

Products of a few numbers are not worth a call of BLAS: by their shape they go to _linear.pyx.
"""

from libc.limits cimport INT_MAX

from cmlp._registry cimport LINEAR, NARROW, SHALLOW
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


cdef inline void narrow_rows(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t row_stride,
    Py_ssize_t column_stride, floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.narrow_rows32(m, n, k, A, lda, B, row_stride, column_stride, beta, C, ldc)
    else:
        LINEAR.narrow_rows64(m, n, k, A, lda, B, row_stride, column_stride, beta, C, ldc)


cdef inline void narrow_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.narrow_columns32(m, n, k, A, lda, B, ldb, beta, C, ldc)
    else:
        LINEAR.narrow_columns64(m, n, k, A, lda, B, ldb, beta, C, ldc)


cdef inline void outer_product(
    Py_ssize_t m, Py_ssize_t n, const floating* a, Py_ssize_t stride, const floating* b, floating beta, floating* C,
    Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.outer_product32(m, n, a, stride, b, beta, C, ldc)
    else:
        LINEAR.outer_product64(m, n, a, stride, b, beta, C, ldc)


cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        narrow_rows(m, n, k, A, lda, B, ldb, 1, beta, C, ldc)
    else:
        gemm_column_major(b"n", b"n", n, m, k, B, ldb, A, lda, beta, C, ldc)


cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if m <= NARROW and n <= NARROW:
        narrow_columns(m, n, k, A, lda, B, ldb, beta, C, ldc)
    elif k == 1:
        outer_product(m, n, A, 1, B, beta, C, ldc)
    else:
        gemm_column_major(b"n", b"t", n, m, k, B, ldb, A, lda, beta, C, ldc)


cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        narrow_rows(m, n, k, A, lda, B, 1, ldb, beta, C, ldc)
    elif k == 1 and ldb == 1:
        outer_product(m, n, A, lda, B, beta, C, ldc)
    else:
        gemm_column_major(b"t", b"n", n, m, k, B, ldb, A, lda, beta, C, ldc)
