"""The caller's arrays: a matrix of any real dtype and strides, one in compressed rows, or a vector of class codes. Read and
never written."""

from cython cimport floating
from libc.stdint cimport int32_t, int64_t
from numpy cimport NPY_DOUBLE, NPY_FLOAT

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
    # compressed rows: row i has the numbers data[indptr[i]] to data[indptr[i + 1] - 1], of the work space's type, in the
    # columns indices[...], which grow. NULL: not compressed
    const int64_t* indptr
    const int32_t* indices


cdef inline bint holds_rows(const Source* source, Py_ssize_t width, floating kind) noexcept nogil:
    """Whether a row lies there as the work space wants it: contiguous, unscaled, of the type of `kind`."""
    cdef int own_type = NPY_FLOAT if floating is float else NPY_DOUBLE
    return (source.type_number == own_type and not source.codes and source.scale == 1 and not source.swapped
            and (source.column_stride == sizeof(floating) or width == 1))


cdef inline const floating* in_place(
    const Source* source, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t width, const floating* out,
) noexcept nogil:
    """The source's own memory, where all rows can be used as they are: in order, one after the other. Else NULL."""
    if (source.indptr != NULL or order != NULL or not holds_rows(source, width, <floating>0)
            or source.row_stride != width * <Py_ssize_t>sizeof(floating) or <size_t>source.data % sizeof(floating) != 0):
        return NULL
    return <const floating*>(source.data + start * source.row_stride)
