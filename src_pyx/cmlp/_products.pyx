"""The three products of a multilayer perceptron, row-major.

    forward        Z  = b + A_prev . W         gemm_nn
    gradient       dW = A_prev^T . dZ          gemm_tn
    backward       dA_prev = dZ . W^T          gemm_nt

Who multiplies is chosen by the shape alone: products of a few numbers go to _linear.pyx; the others to the register tiles of
_tiles.pyx where the processor has fused multiply-adds, and to BLAS where it has not.

BLAS is column-major: it sees each row-major matrix as its transpose, so C = A . B is asked for as C^T = B^T . A^T, with the
operands swapped. BLAS takes int sizes: `largest_size` is the largest, and whoever plans the work space (cmlp/validation.py)
compares with it once, so the casts below lose nothing.
"""

from cython cimport floating
from libc.limits cimport INT_MAX
from libc.string cimport memcpy

from cmlp._registry cimport LINEAR, NARROW, SHALLOW
from scipy.linalg.cython_blas cimport dgemm, sgemm

largest_size = INT_MAX


cdef inline void call_blas(
    char* transpose_a, char* transpose_b, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda,
    const floating* B, Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    cdef int m_ = <int>m, n_ = <int>n, k_ = <int>k, lda_ = <int>lda, ldb_ = <int>ldb, ldc_ = <int>ldc
    cdef floating alpha = 1, beta = 0 if S == NULL else 1
    cdef Py_ssize_t i
    if S != NULL and S != C:
        for i in range(m):
            memcpy(C + i * ldc, S + i * lds, n * sizeof(floating))
    # scipy's signatures lack const (scipy issue 14262); BLAS only reads A and B
    if floating is float:
        sgemm(transpose_b, transpose_a, &n_, &m_, &k_, &alpha, <float*>B, &ldb_, <float*>A, &lda_, &beta, C, &ldc_)
    else:
        dgemm(transpose_b, transpose_a, &n_, &m_, &k_, &alpha, <double*>B, &ldb_, <double*>A, &lda_, &beta, C, &ldc_)


cdef bint has_tiles() noexcept nogil:
    return LINEAR.product32 != NULL


cdef inline void call_tiles(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    if floating is float:
        LINEAR.product32(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row)
    else:
        LINEAR.product64(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row)


cdef bint can_skip_zeros() noexcept nogil:
    return LINEAR.sparse32 != NULL


cdef void gemm_skipping(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B,
    Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.sparse32(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc)
    else:
        LINEAR.sparse64(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef inline void call_narrow_rows(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t b_depth,
    Py_ssize_t b_column, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.narrow_rows32(m, n, k, A, lda, 1, B, b_depth, b_column, S, lds, C, ldc)
    else:
        LINEAR.narrow_rows64(m, n, k, A, lda, 1, B, b_depth, b_column, S, lds, C, ldc)


cdef inline void call_narrow_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        LINEAR.narrow_columns32(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)
    else:
        LINEAR.narrow_columns64(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)


cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        call_narrow_rows(m, n, k, A, lda, B, ldb, 1, S, lds, C, ldc)
    elif has_tiles():
        call_tiles(m, n, k, A, lda, 1, B, ldb, 1, S, lds, C, ldc)
    else:
        call_blas(b"n", b"n", m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if m <= NARROW and n <= NARROW:
        call_narrow_columns(m, n, k, A, lda, B, ldb, S, lds, C, ldc)
    elif has_tiles():
        call_tiles(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)
    else:
        call_blas(b"t", b"n", m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        call_narrow_rows(m, n, k, A, lda, B, 1, ldb, S, lds, C, ldc)
    elif has_tiles():
        call_tiles(m, n, k, A, lda, 1, B, 1, ldb, S, lds, C, ldc)
    else:
        call_blas(b"n", b"t", m, n, k, A, lda, B, ldb, S, lds, C, ldc)
