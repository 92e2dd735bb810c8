"""Sums, in an order that is a function of how many there are and of nothing else: the same bits whoever takes them.

Partial sums are taken side by side, in lanes, which a compiler turns into vector registers; they are added up at the end, in
the order of the lanes. What does not fill all lanes is added where the function says.
"""

from cython cimport floating

cdef enum:
    LANES = 16


cdef inline double sum_of_lanes(double start, const double* lanes) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(LANES):
        start += lanes[j]
    return start


cdef inline double sum_in_lanes(const floating* values, Py_ssize_t n) noexcept nogil:
    """The rest first, then the lanes."""
    cdef Py_ssize_t i, j
    cdef double[LANES] lanes
    cdef double rest = 0
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            lanes[j] += values[i * LANES + j]
    for i in range(n // LANES * LANES, n):
        rest += values[i]
    return sum_of_lanes(rest, lanes)


cdef inline double sum_squares_about(const floating* values, double center, Py_ssize_t n) noexcept nogil:
    """The sum of (value - center)^2: the rest first, then the lanes."""
    cdef Py_ssize_t i
    cdef double[LANES] lanes
    cdef double rest = 0
    fill_with_squares(values, center, n, lanes)
    for i in range(n // LANES * LANES, n):
        rest += (values[i] - center) * (values[i] - center)
    return sum_of_lanes(rest, lanes)


cdef inline double sum_squares_in_lanes(const floating* values, Py_ssize_t n) noexcept nogil:
    """The rest goes into the first lane."""
    cdef Py_ssize_t i
    cdef double[LANES] lanes
    fill_with_squares(values, 0, n, lanes)
    for i in range(n // LANES * LANES, n):
        lanes[0] += <double>values[i] * values[i]
    return sum_of_lanes(0, lanes)


cdef inline void fill_with_squares(const floating* values, double center, Py_ssize_t n, double* lanes) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double difference
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            difference = values[i * LANES + j] - center
            lanes[j] += difference * difference


cdef inline void add_columns_in_lanes(const floating* values, Py_ssize_t n, Py_ssize_t width, floating* sums) noexcept nogil:
    """sums (width,) += the columns of n numbers in rows of `width`, which divides LANES: the lanes, then the rest."""
    cdef Py_ssize_t i, j
    cdef floating[LANES] lanes
    for j in range(LANES):
        lanes[j] = 0
    for i in range(n // LANES):
        for j in range(LANES):
            lanes[j] += values[i * LANES + j]
    for j in range(LANES):
        sums[j % width] += lanes[j]
    for i in range(n // LANES * LANES, n):
        sums[i % width] += values[i]


cdef inline double sum_in_four(const floating* values, Py_ssize_t n) noexcept nogil:
    """In four lanes, added up in pairs; the rest goes into the first: for few numbers at a time."""
    cdef Py_ssize_t i
    cdef double a = 0, b = 0, c = 0, d = 0
    for i in range(n // 4):
        a += values[4 * i]
        b += values[4 * i + 1]
        c += values[4 * i + 2]
        d += values[4 * i + 3]
    for i in range(n // 4 * 4, n):
        a += values[i]
    return (a + b) + (c + d)
