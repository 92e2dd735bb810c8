"""Linear algebra in the small: sums of rows, the largest change, and products of a few columns.

A product of a few numbers fills no register tile (_tiles.pyx), and a call of BLAS costs from 0.1 to 1 microsecond before it
multiplies. The products here are chosen by their shape alone (_products.pyx), and the width is a constant in each, so the
compiler works on several rows at once.
"""

from cython cimport floating

from cmlp._elementary cimport larger, largest_magnitude
from cmlp._registry cimport LINEAR, NARROW, SHALLOW

cdef enum:
    LANES = 16
    PIECE = 1024

# --- sums ---------------------------------------------------------------------------------------------------
cdef double largest(const floating* values, Py_ssize_t n) noexcept nogil:
    return largest_magnitude(values, n)


cdef Py_ssize_t nonzeros(const floating* values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, j, total = 0
    cdef int piece
    for j in range((n + PIECE - 1) // PIECE):
        piece = 0
        for i in range(j * PIECE, min((j + 1) * <Py_ssize_t>PIECE, n)):
            piece += values[i] != 0
        total += piece
    return total


cdef double add_change(floating* theta, const floating* change, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t piece, start, size, i
    cdef double largest = 0
    # theta = theta + change, by pieces that stay in the nearest cache while their maximum is found
    for piece in range((n + PIECE - 1) // PIECE):
        start = piece * PIECE
        size = min(<Py_ssize_t>PIECE, n - start)
        for i in range(start, start + size):
            theta[i] += change[i]
        largest = larger(largest, largest_magnitude(change + start, size))
    return largest


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


# --- rows that lie `stride` apart -----------------------------------------------------------------------------
cdef void multiply(
    const floating* mask, const floating* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* out,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # out = mask A
    for i in range(n_rows):
        for j in range(i * stride, i * stride + n_columns):
            out[j] = mask[j] * A[j]


cdef void add(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # C = C + B
    for i in range(n_rows):
        for j in range(i * stride, i * stride + n_columns):
            C[j] += B[j]


# --- products -----------------------------------------------------------------------------------------------
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


LINEAR.nonzeros32, LINEAR.nonzeros64 = nonzeros[float], nonzeros[double]
LINEAR.largest32, LINEAR.largest64 = largest[float], largest[double]
LINEAR.add_change32, LINEAR.add_change64 = add_change[float], add_change[double]
LINEAR.sum_rows32, LINEAR.sum_rows64 = sum_rows[float], sum_rows[double]
LINEAR.narrow_rows32, LINEAR.narrow_rows64 = narrow_rows[float], narrow_rows[double]
LINEAR.narrow_columns32, LINEAR.narrow_columns64 = narrow_columns[float], narrow_columns[double]
LINEAR.multiply32, LINEAR.multiply64 = multiply[float], multiply[double]
LINEAR.add32, LINEAR.add64 = add[float], add[double]
