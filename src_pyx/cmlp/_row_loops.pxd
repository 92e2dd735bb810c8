"""Loops over rows of the work space that each instruction set compiles (_gather, _noise, _rows): the table that they fill."""

from cython cimport floating
from libc.string cimport memcpy

from cmlp._random cimport Draw
from cmlp._source cimport Source

# out (n_rows, width) = rows of the source: order[start], order[start + 1], ..., or start, start + 1, ... if order is NULL
ctypedef void (*gather_f32)(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width,
    float* out) noexcept nogil
ctypedef void (*gather_f64)(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width,
    double* out) noexcept nogil

# mask = 0 with the probability `rate`, else 1 / (1 - rate), from row `row` and column `column`, a multiple of 16, on
ctypedef void (*draw_mask_f32)(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, float* mask) noexcept nogil
ctypedef void (*draw_mask_f64)(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, double* mask) noexcept nogil

# X (n_rows, width) += deviation times standard normal numbers, from row `row` on
ctypedef void (*add_noise_f32)(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, float* X) noexcept nogil
ctypedef void (*add_noise_f64)(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, double* X) noexcept nogil

# out = mask A, and C += B, for rows `stride` apart
ctypedef void (*multiply_rows_f32)(
    const float* mask, const float* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, float* out) noexcept nogil
ctypedef void (*multiply_rows_f64)(
    const double* mask, const double* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, double* out) noexcept nogil
ctypedef void (*add_rows_f32)(
    const float* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, float* C) noexcept nogil
ctypedef void (*add_rows_f64)(
    const double* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, double* C) noexcept nogil

# db = (add ? db : 0) + the sums of the columns of dZ, whose rows are `stride` apart
ctypedef void (*sum_rows_f32)(
    const float* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, float* db) noexcept nogil
ctypedef void (*sum_rows_f64)(
    const double* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, double* db) noexcept nogil

# how many of the values are not 0
ctypedef Py_ssize_t (*count_nonzeros_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef Py_ssize_t (*count_nonzeros_f64)(const double* values, Py_ssize_t n) noexcept nogil

# max |values|, nan if one is
ctypedef double (*largest_f32)(const float* values, Py_ssize_t n) noexcept nogil
ctypedef double (*largest_f64)(const double* values, Py_ssize_t n) noexcept nogil

cdef struct RowLoops:
    gather_f32 gather32
    gather_f64 gather64
    draw_mask_f32 draw_mask32
    draw_mask_f64 draw_mask64
    add_noise_f32 add_noise32
    add_noise_f64 add_noise64
    multiply_rows_f32 multiply_rows32
    multiply_rows_f64 multiply_rows64
    add_rows_f32 add_rows32
    add_rows_f64 add_rows64
    sum_rows_f32 sum_rows32
    sum_rows_f64 sum_rows64
    count_nonzeros_f32 count_nonzeros32
    count_nonzeros_f64 count_nonzeros64
    largest_f32 largest32
    largest_f64 largest64

cdef RowLoops ROW_LOOPS


cdef inline void gather(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.gather32(source, order, start, n_rows, width, out)
    else:
        ROW_LOOPS.gather64(source, order, start, n_rows, width, out)


cdef inline void draw_mask(
    const Draw* draw, double rate, Py_ssize_t row, Py_ssize_t column, Py_ssize_t stride, Py_ssize_t n_rows,
    Py_ssize_t n_columns, floating* mask,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.draw_mask32(draw, rate, row, column, stride, n_rows, n_columns, mask)
    else:
        ROW_LOOPS.draw_mask64(draw, rate, row, column, stride, n_rows, n_columns, mask)


cdef inline void add_noise(
    const Draw* draw, double deviation, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t width, floating* X,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.add_noise32(draw, deviation, row, n_rows, width, X)
    else:
        ROW_LOOPS.add_noise64(draw, deviation, row, n_rows, width, X)


cdef inline void multiply_rows(
    const floating* mask, const floating* A, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* out,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.multiply_rows32(mask, A, stride, n_rows, n_columns, out)
    else:
        ROW_LOOPS.multiply_rows64(mask, A, stride, n_rows, n_columns, out)


cdef inline void add_rows(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.add_rows32(B, stride, n_rows, n_columns, C)
    else:
        ROW_LOOPS.add_rows64(B, stride, n_rows, n_columns, C)


cdef inline void sum_rows(
    const floating* dZ, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t width, bint add, floating* db,
) noexcept nogil:
    if floating is float:
        ROW_LOOPS.sum_rows32(dZ, stride, n_rows, width, add, db)
    else:
        ROW_LOOPS.sum_rows64(dZ, stride, n_rows, width, add, db)


cdef inline Py_ssize_t count_nonzeros(const floating* values, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return ROW_LOOPS.count_nonzeros32(values, n)
    else:
        return ROW_LOOPS.count_nonzeros64(values, n)


cdef inline void copy_rows(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    """C = B, unless they are one place. The same in every instruction set."""
    cdef Py_ssize_t i
    if C == B:
        return
    for i in range(n_rows):
        memcpy(C + i * stride, B + i * stride, n_columns * sizeof(floating))
