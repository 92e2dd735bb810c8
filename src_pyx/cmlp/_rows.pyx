"""Rows of the work space: added up, added, multiplied by a mask, and what is found out about them."""

from cython cimport floating

from cmlp._elementary cimport largest_magnitude
from cmlp._row_loops cimport ROW_LOOPS
from cmlp._sums cimport LANES, add_columns_in_lanes

cdef enum:
    PIECE = 1024                         # numbers counted in an int


cdef void multiply_rows(
    const floating* mask, const floating* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* out,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # out = mask A
    for i in range(n_rows):
        for j in range(i * stride, i * stride + n_columns):
            out[j] = mask[j] * A[j]


cdef void add_rows(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # C = C + B
    for i in range(n_rows):
        for j in range(i * stride, i * stride + n_columns):
            C[j] += B[j]


cdef void sum_rows(
    const floating* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, floating* db,
) noexcept nogil:
    cdef Py_ssize_t i, j
    # db_j = sum_i dZ_ij, in the order of the rows; where several narrow rows fill the lanes, lane by lane first
    if not add:
        for j in range(width):
            db[j] = 0
    if stride == width and LANES % width == 0:
        add_columns_in_lanes(dZ, n_rows * width, width, db)
        return
    for i in range(n_rows):
        for j in range(width):
            db[j] += dZ[i * stride + j]


cdef Py_ssize_t count_nonzeros(const floating* values, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, j, total = 0
    cdef int piece
    for j in range((n + PIECE - 1) // PIECE):
        piece = 0
        for i in range(j * PIECE, min((j + 1) * <Py_ssize_t>PIECE, n)):
            piece += values[i] != 0
        total += piece
    return total


cdef double largest(const floating* values, Py_ssize_t n) noexcept nogil:
    return largest_magnitude(values, n)


ROW_LOOPS.multiply_rows32, ROW_LOOPS.multiply_rows64 = multiply_rows[float], multiply_rows[double]
ROW_LOOPS.add_rows32, ROW_LOOPS.add_rows64 = add_rows[float], add_rows[double]
ROW_LOOPS.sum_rows32, ROW_LOOPS.sum_rows64 = sum_rows[float], sum_rows[double]
ROW_LOOPS.count_nonzeros32, ROW_LOOPS.count_nonzeros64 = count_nonzeros[float], count_nonzeros[double]
ROW_LOOPS.largest32, ROW_LOOPS.largest64 = largest[float], largest[double]
