"""Products of a few columns.

A product of a few numbers fills no register tile (_tiles.pyx), and a call of BLAS costs from 0.1 to 1 microsecond before it
multiplies. The products here are chosen by their shape alone (_products.pyx), and the width is a constant in each, so the
compiler works on several rows at once.
"""

from cython cimport floating

from cmlp._product_loops cimport NARROW, PRODUCT_LOOPS, SHALLOW


cdef inline void rows_of_product(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, const floating* B, const floating* S,
    Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    """C (m, n) = S + A (m, k) . B (k, n), with the rows of B one after the other."""
    cdef Py_ssize_t i, j, p
    cdef floating[NARROW] row
    for i in range(m):
        for j in range(n):
            row[j] = 0 if S == NULL else S[i * s_row + j]
        for p in range(k):
            for j in range(n):
                row[j] += A[i * a_row + p] * B[p * n + j]
        for j in range(n):
            C[i * c_row + j] = row[j]


cdef inline void columns_of_product(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_depth, const floating* B, Py_ssize_t b_depth,
    const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    """C (m, n) = S + A^T . B          A is (k, m), B is (k, n)"""
    cdef Py_ssize_t i, j, p
    cdef floating[NARROW * NARROW] sums
    for i in range(m):
        for j in range(n):
            sums[i * n + j] = 0 if S == NULL else S[i * s_row + j]
    for p in range(k):
        for i in range(m):
            for j in range(n):
                sums[i * n + j] += A[p * a_depth + i] * B[p * b_depth + j]
    for i in range(m):
        for j in range(n):
            C[i * c_row + j] = sums[i * n + j]


cdef void narrow_rows(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    cdef Py_ssize_t p, j
    cdef floating[NARROW * SHALLOW] packed
    cdef const floating* B_ = <const floating*>packed
    for p in range(k):
        for j in range(n):
            packed[p * n + j] = B[p * b_depth + j * b_column]
    if n == 1:
        rows_of_product(m, 1, k, A, a_row, B_, S, s_row, C, c_row)
    elif n == 2:
        rows_of_product(m, 2, k, A, a_row, B_, S, s_row, C, c_row)
    elif n == 3:
        rows_of_product(m, 3, k, A, a_row, B_, S, s_row, C, c_row)
    else:
        rows_of_product(m, NARROW, k, A, a_row, B_, S, s_row, C, c_row)


cdef void narrow_columns(
    Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const floating* A, Py_ssize_t a_row, Py_ssize_t a_depth, const floating* B,
    Py_ssize_t b_depth, Py_ssize_t b_column, const floating* S, Py_ssize_t s_row, floating* C, Py_ssize_t c_row,
) noexcept nogil:
    if n == 1:
        columns_of_product(m, 1, k, A, a_depth, B, b_depth, S, s_row, C, c_row)
    elif n == 2:
        columns_of_product(m, 2, k, A, a_depth, B, b_depth, S, s_row, C, c_row)
    elif n == 3:
        columns_of_product(m, 3, k, A, a_depth, B, b_depth, S, s_row, C, c_row)
    else:
        columns_of_product(m, NARROW, k, A, a_depth, B, b_depth, S, s_row, C, c_row)


PRODUCT_LOOPS.narrow_rows32, PRODUCT_LOOPS.narrow_rows64 = narrow_rows[float], narrow_rows[double]
PRODUCT_LOOPS.narrow_columns32, PRODUCT_LOOPS.narrow_columns64 = narrow_columns[float], narrow_columns[double]
