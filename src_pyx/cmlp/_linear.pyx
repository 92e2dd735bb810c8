"""Linear algebra in the small: sums that BLAS does not have, and products that it is too large for.

A call of BLAS costs from 0.1 to 1 microsecond before it multiplies; a layer of a few units is done by then. The products
here are chosen by their shape alone (see _blas.pyx), and the width is a constant in each, so the compiler keeps a row in
registers.
"""

from cython cimport floating

from libc.string cimport memcpy

from cmlp._elementary cimport largest_magnitude
from cmlp._registry cimport LINEAR, NARROW, SHALLOW

cdef enum:
    LANES = 16

# --- sums ---------------------------------------------------------------------------------------------------
cdef double largest(const floating* values, Py_ssize_t n) noexcept nogil:
    return largest_magnitude(values, n)


cdef double add_change(floating* theta, const floating* change, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    # theta = theta + change
    for i in range(n):
        theta[i] += change[i]
    return largest_magnitude(change, n)


cdef void sum_rows(
    const floating* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, floating* db,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # db_j = sum_i dZ_ij, in the order of the rows; where several narrow rows fill the lanes, lane by lane first
    if not add:
        for j in range(width):
            db[j] = 0
    if stride == width and LANES % width == 0:
        sum_lanes(dZ, n_rows * width, width, db)
        return
    for i in range(n_rows):
        for j in range(width):
            db[j] += dZ[i * stride + j]


cdef inline void sum_lanes(const floating* dZ, Py_ssize_t n, Py_ssize_t width, floating* db) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef floating[LANES] lanes
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            lanes[j] += dZ[i * LANES + j]
    for j in range(LANES):
        db[j % width] += lanes[j]
    for i in range(n // LANES * LANES, n):
        db[i % width] += dZ[i]


cdef inline void repeat(const floating* b, Py_ssize_t n_rows, Py_ssize_t width, floating* Z, Py_ssize_t stride) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(n_rows):
        for j in range(width):
            Z[i * stride + j] = b[j]


cdef void repeat_row(
    const floating* b, Py_ssize_t n_rows, Py_ssize_t width, floating* Z, Py_ssize_t stride,
) noexcept nogil:
    cdef Py_ssize_t i
    if width == 1:
        repeat(b, n_rows, 1, Z, stride)
    elif width == 2:
        repeat(b, n_rows, 2, Z, stride)
    elif width == 3:
        repeat(b, n_rows, 3, Z, stride)
    elif width == 4:
        repeat(b, n_rows, 4, Z, stride)
    else:
        for i in range(n_rows):
            memcpy(Z + i * stride, b, width * sizeof(floating))


# --- products -----------------------------------------------------------------------------------------------
cdef inline void rows_of_product(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, floating beta,
    floating* C, Py_ssize_t ldc,
) noexcept nogil:
    """C (m, n) = beta C + A (m, k) . B (k, n), with the rows of B one after the other."""
    cdef Py_ssize_t i, j, p
    cdef floating[NARROW] row
    for i in range(m):
        for j in range(n):
            row[j] = 0 if beta == 0 else beta * C[i * ldc + j]
        for p in range(k):
            for j in range(n):
                row[j] += A[i * lda + p] * B[p * n + j]
        for j in range(n):
            C[i * ldc + j] = row[j]


cdef inline void columns_of_product(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    """C (m, n) = beta C + A^T . B          A is (k, m), B is (k, n)"""
    cdef Py_ssize_t i, j, p
    cdef floating[NARROW * NARROW] sums
    for i in range(m):
        for j in range(n):
            sums[i * n + j] = 0 if beta == 0 else beta * C[i * ldc + j]
    for p in range(k):
        for i in range(m):
            for j in range(n):
                sums[i * n + j] += A[p * lda + i] * B[p * ldb + j]
    for i in range(m):
        for j in range(n):
            C[i * ldc + j] = sums[i * n + j]


cdef void narrow_rows(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t row_stride,
    Py_ssize_t column_stride, floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    """n <= NARROW, k <= SHALLOW. B (k, n) or, by its strides, its transpose."""
    cdef Py_ssize_t p, j
    cdef floating[NARROW * SHALLOW] packed
    cdef const floating* B_ = <const floating*>packed
    for p in range(k):
        for j in range(n):
            packed[p * n + j] = B[p * row_stride + j * column_stride]
    if n == 1:
        rows_of_product(m, 1, k, A, lda, B_, beta, C, ldc)
    elif n == 2:
        rows_of_product(m, 2, k, A, lda, B_, beta, C, ldc)
    elif n == 3:
        rows_of_product(m, 3, k, A, lda, B_, beta, C, ldc)
    elif n == 4:
        rows_of_product(m, 4, k, A, lda, B_, beta, C, ldc)
    else:
        rows_of_product(m, n, k, A, lda, B_, beta, C, ldc)


cdef void narrow_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t lda, const floating* B, Py_ssize_t ldb,
    floating beta, floating* C, Py_ssize_t ldc,
) noexcept nogil:
    """m and n <= NARROW."""
    if n == 1:
        columns_of_product(m, 1, k, A, lda, B, ldb, beta, C, ldc)
    elif n == 2:
        columns_of_product(m, 2, k, A, lda, B, ldb, beta, C, ldc)
    elif n == 3:
        columns_of_product(m, 3, k, A, lda, B, ldb, beta, C, ldc)
    elif n == 4:
        columns_of_product(m, 4, k, A, lda, B, ldb, beta, C, ldc)
    else:
        columns_of_product(m, n, k, A, lda, B, ldb, beta, C, ldc)


cdef void outer_product(
    Py_ssize_t m, Py_ssize_t n, const floating* a, Py_ssize_t stride, const floating* b, floating beta, floating* C,
    Py_ssize_t ldc,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # C_ij = beta C_ij + a_i b_j
    for i in range(m):
        if beta == 0:
            for j in range(n):
                C[i * ldc + j] = a[i * stride] * b[j]
        else:
            for j in range(n):
                C[i * ldc + j] = beta * C[i * ldc + j] + a[i * stride] * b[j]


LINEAR.largest32, LINEAR.largest64 = largest[float], largest[double]
LINEAR.add_change32, LINEAR.add_change64 = add_change[float], add_change[double]
LINEAR.sum_rows32, LINEAR.sum_rows64 = sum_rows[float], sum_rows[double]
LINEAR.repeat_row32, LINEAR.repeat_row64 = repeat_row[float], repeat_row[double]
LINEAR.narrow_rows32, LINEAR.narrow_rows64 = narrow_rows[float], narrow_rows[double]
LINEAR.narrow_columns32, LINEAR.narrow_columns64 = narrow_columns[float], narrow_columns[double]
LINEAR.outer_product32, LINEAR.outer_product64 = outer_product[float], outer_product[double]
