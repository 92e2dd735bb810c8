"""The three products of a multilayer perceptron, row-major.

    forward        Z  = b + A_prev . W         gemm_nn
    gradient       dW = A_prev^T . dZ          gemm_tn
    backward       dA_prev = dZ . W^T          gemm_nt

Who multiplies is chosen by the shape alone: products of a few numbers go to _narrow.pyx; the others to the register tiles of
_tiles.pyx where the processor has fused multiply-adds, and to BLAS where it has not.

BLAS is column-major: it sees each row-major matrix as its transpose, so C = A . B is asked for as C^T = B^T . A^T, with the
operands swapped. BLAS takes int sizes: `largest_size` is the largest, and whoever plans the work space (cmlp/validation.py)
compares with it once, so the casts below lose nothing.
"""

from cython cimport floating
from libc.limits cimport INT_MAX
from libc.string cimport memcpy

from cmlp._product_loops cimport NARROW, PRODUCT_LOOPS, SHALLOW, narrow_columns, narrow_rows, tiles
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
    return PRODUCT_LOOPS.tiles32 != NULL


cdef bint can_skip_zeros() noexcept nogil:
    return PRODUCT_LOOPS.skip_zeros32 != NULL


cdef void gemm_nn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        narrow_rows(m, n, k, A, lda, B, ldb, 1, S, lds, C, ldc)
    elif has_tiles():
        tiles(m, n, k, A, lda, 1, B, ldb, 1, S, lds, C, ldc)
    else:
        call_blas(b"n", b"n", m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef void gemm_tn(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if m <= NARROW and n <= NARROW:
        narrow_columns(m, n, k, A, lda, B, ldb, S, lds, C, ldc)
    elif has_tiles():
        tiles(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)
    else:
        call_blas(b"t", b"n", m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef void gemm_nt(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if n <= NARROW and k <= SHALLOW:
        narrow_rows(m, n, k, A, lda, B, 1, ldb, S, lds, C, ldc)
    elif has_tiles():
        tiles(m, n, k, A, lda, 1, B, 1, ldb, S, lds, C, ldc)
    else:
        call_blas(b"n", b"t", m, n, k, A, lda, B, ldb, S, lds, C, ldc)
