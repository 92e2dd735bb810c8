"""Products that each instruction set compiles (_narrow, _tiles, _skip_zeros, _csr): the table that they fill.

_products chooses among the first four; those of _csr are for a sparse X alone.
"""

from cython cimport floating

from cmlp._source cimport Source

cdef enum:
    NARROW = 4                       # columns that a row of a narrow product may have
    SHALLOW = 16                     # and terms in each of its sums

# C (m, n) = S + A . B. A_ip lies at A + i a_row + p a_depth, B_pj at B + p b_depth + j b_column. S is NULL for zeros, or where
# each row starts from: C itself, or one row for all (s_row = 0).
ctypedef void (*product_f32)(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t a_row, Py_ssize_t a_depth, const float* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const float* S, Py_ssize_t s_row, float* C, Py_ssize_t c_row) noexcept nogil
ctypedef void (*product_f64)(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t a_row, Py_ssize_t a_depth, const double* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const double* S, Py_ssize_t s_row, double* C, Py_ssize_t c_row) noexcept nogil

# The same C = S + A . B, or A^T . B if transposed (A lies as (k, m)); zeros of A are skipped.
ctypedef void (*skip_zeros_f32)(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const float* A, Py_ssize_t lda, const float* B, Py_ssize_t ldb,
    const float* S, Py_ssize_t lds, float* C, Py_ssize_t ldc) noexcept nogil
ctypedef void (*skip_zeros_f64)(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const double* A, Py_ssize_t lda, const double* B,
    Py_ssize_t ldb, const double* S, Py_ssize_t lds, double* C, Py_ssize_t ldc) noexcept nogil

# Z (n_rows, n_columns) = S + X . W for rows of a sparse X; S is NULL for zeros, Z itself, or one row for all (lds = 0)
ctypedef void (*csr_product_f32)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const float* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const float* S, Py_ssize_t lds, float* Z, Py_ssize_t ldz) noexcept nogil
ctypedef void (*csr_product_f64)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const double* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const double* S, Py_ssize_t lds, double* Z, Py_ssize_t ldz) noexcept nogil

# dW = (add ? dW : 0) + the rows from `first` on of X^T . dZ
ctypedef void (*csr_gradient_f32)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const float* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, float* dW, Py_ssize_t ldw) noexcept nogil
ctypedef void (*csr_gradient_f64)(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const double* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, double* dW, Py_ssize_t ldw) noexcept nogil

cdef struct ProductLoops:
    product_f32 narrow_rows32        # n <= NARROW, k <= SHALLOW, a_depth = 1
    product_f64 narrow_rows64
    product_f32 narrow_columns32     # m and n <= NARROW, a_row = b_column = 1
    product_f64 narrow_columns64
    product_f32 tiles32              # any shape; NULL where BLAS is used
    product_f64 tiles64
    skip_zeros_f32 skip_zeros32      # NULL there too
    skip_zeros_f64 skip_zeros64
    csr_product_f32 csr_product32
    csr_product_f64 csr_product64
    csr_gradient_f32 csr_gradient32
    csr_gradient_f64 csr_gradient64

cdef ProductLoops PRODUCT_LOOPS


cdef inline void narrow_rows(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t b_depth,
    Py_ssize_t b_column, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.narrow_rows32(m, n, k, A, lda, 1, B, b_depth, b_column, S, lds, C, ldc)
    else:
        PRODUCT_LOOPS.narrow_rows64(m, n, k, A, lda, 1, B, b_depth, b_column, S, lds, C, ldc)


cdef inline void narrow_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.narrow_columns32(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)
    else:
        PRODUCT_LOOPS.narrow_columns64(m, n, k, A, 1, lda, B, ldb, 1, S, lds, C, ldc)


cdef inline void tiles(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.tiles32(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row)
    else:
        PRODUCT_LOOPS.tiles64(m, n, k, A, a_row, a_depth, B, b_depth, b_column, S, s_row, C, c_row)


cdef inline void skip_zeros(
    bint transposed, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B,
    Py_ssize_t ldb, const floating* S, Py_ssize_t lds, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.skip_zeros32(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc)
    else:
        PRODUCT_LOOPS.skip_zeros64(transposed, m, n, k, A, lda, B, ldb, S, lds, C, ldc)


cdef inline void csr_product(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const floating* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const floating* S, Py_ssize_t lds, floating* Z, Py_ssize_t ldz,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.csr_product32(X, order, start, n_rows, W, ldw, n_columns, S, lds, Z, ldz)
    else:
        PRODUCT_LOOPS.csr_product64(X, order, start, n_rows, W, ldw, n_columns, S, lds, Z, ldz)


cdef inline void csr_gradient(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const floating* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, floating* dW, Py_ssize_t ldw,
) noexcept nogil:
    if floating is float:
        PRODUCT_LOOPS.csr_gradient32(X, order, start, n_rows, first, n_first, dZ, ldz, n_columns, add, dW, ldw)
    else:
        PRODUCT_LOOPS.csr_gradient64(X, order, start, n_rows, first, n_first, dZ, ldz, n_columns, add, dW, ldw)
