from cython cimport floating

# A matrix of the caller's, of any real dtype and strides, read and never written.
cdef struct Source:
    const char* data             # NULL: none
    Py_ssize_t row_stride        # bytes
    Py_ssize_t column_stride
    int type_number              # NumPy's
    bint swapped                 # the bytes of a number are in the other order
    double scale                 # every number is multiplied by it
    # class codes: one column of intp, made into rows of `off` with one 1.0 in the column of the code
    bint codes
    double off

# out (n_rows, width) = rows of the source: order[start], order[start + 1], ..., or start, start + 1, ... if order is NULL
cdef void gather(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t width, floating* out,
) noexcept nogil

# out (n_rows,) = values[order[start]], ... or values[start], ...
cdef void gather_weights(
    const double* values, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, floating* out) noexcept nogil

# The source's own memory, where it can be used as it is: rows in order, unscaled, contiguous, of the type of `out`. Else NULL.
cdef const floating* in_place(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t width, const floating* out) noexcept nogil
