"""NumPy arrays as the core takes them: where their numbers lie, once it is sure that they are what they should be."""

import numpy as np

from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t
cimport numpy as cnp

from cmlp._row_loops cimport ROW_LOOPS, gather

cnp.import_array()

cdef enum:
    AT_ONCE = 1 << 16                    # numbers looked through without looking for signals


def aligned_empty(Py_ssize_t n, dtype):
    """A flat array of n numbers that starts on a cache line."""
    dtype = np.dtype(dtype)
    memory = np.empty(n * dtype.itemsize + 64, dtype=np.uint8)
    start = -<size_t>cnp.PyArray_DATA(memory) % 64
    return memory[start : start + n * dtype.itemsize].view(dtype)


cdef void* address(object given, int type_number, Py_ssize_t n, bint writable) except? NULL:
    """Where the numbers of a contiguous array lie, once it is sure that they are n of this type."""
    cdef cnp.ndarray array
    if not cnp.PyArray_Check(given):
        raise TypeError(f"expected an array, got {type(given).__name__}")
    array = given
    if cnp.PyArray_TYPE(array) != type_number or not cnp.PyArray_ISCARRAY_RO(array) or cnp.PyArray_SIZE(array) != n:
        raise TypeError(f"expected {n} contiguous numbers of NumPy's type {type_number}, got {array.size} {array.dtype}")
    if writable and not cnp.PyArray_ISWRITEABLE(array):
        raise TypeError("expected an array that may be written to")
    return cnp.PyArray_DATA(array)


# --- samples ------------------------------------------------------------------------------------------------
cdef class Samples:
    """X, Y and weights of the caller's, read where they lie. Y is a matrix, or a vector of class codes (intp).

    X is a matrix, or a scipy CSR matrix with indptr in int64 and sorted indices in int32.
    """

    def __init__(self, X, Y=None, sample_weight=None, double input_scale=1.0, double off=0.0):
        self.sparse = not cnp.PyArray_Check(X)
        self.n_samples = X.shape[0]
        self.X = compressed(X, input_scale) if self.sparse else source_of(X, input_scale)
        if Y is not None:
            if len(Y) != self.n_samples:
                raise TypeError("X and Y differ in length")
            self.Y = source_of(Y, 1.0)
            self.Y.off = off
        if sample_weight is not None:
            self.sample_weight = <const double*>address(sample_weight, cnp.NPY_DOUBLE, self.n_samples, False)
        self.given = (X, Y, sample_weight)

    def rows(self, Py_ssize_t start, cnp.ndarray out, bint targets=False):
        """Fill `out` (n_rows, width) with rows of X or Y from `start` on, as a step would."""
        cdef void* numbers = address(out, cnp.PyArray_TYPE(out), out.size, True)
        cdef Source source = self.Y if targets else self.X
        cdef Py_ssize_t n_rows = out.shape[0], width = out.shape[1]
        if start < 0 or start + n_rows > self.n_samples:
            raise TypeError("rows out of range")
        if source.data == NULL or source.indptr != NULL:
            raise TypeError("these samples have no targets" if targets else "the rows of X are compressed")
        with nogil:
            if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT:
                gather(&source, NULL, start, n_rows, width, <float*>numbers)
            else:
                gather(&source, NULL, start, n_rows, width, <double*>numbers)


cdef Source compressed(X, double scale) except *:
    """X in compressed rows: its arrays were looked through in cmlp/samples.py."""
    cdef Source source
    cdef cnp.ndarray data = X.data
    source.type_number = cnp.PyArray_TYPE(data)
    source.data = <const char*>address(data, source.type_number, len(data), False)
    source.indices = <const int32_t*>address(X.indices, cnp.NPY_INT32, len(data), False)
    source.indptr = <const int64_t*>address(X.indptr, cnp.NPY_INT64, X.shape[0] + 1, False)
    source.row_stride = source.column_stride = 0
    source.swapped = source.codes = False
    source.scale = scale
    source.off = 0
    return source


cdef Source source_of(cnp.ndarray array, double scale) except *:
    cdef Source source
    cdef bint codes = array.ndim == 1
    if codes and (cnp.PyArray_TYPE(array) != cnp.NPY_INTP or not cnp.PyArray_ISCARRAY_RO(array)):
        raise TypeError("class codes are contiguous intp")
    cdef bint real = cnp.PyArray_ISFLOAT(array) or cnp.PyArray_ISINTEGER(array) or cnp.PyArray_ISBOOL(array)
    if not codes and (array.ndim != 2 or not real):
        raise TypeError("a source is a real matrix or a vector of class codes")
    source.data = <const char*>cnp.PyArray_DATA(array)
    source.row_stride = array.strides[0]
    source.column_stride = 0 if codes else array.strides[1]
    source.type_number = cnp.PyArray_TYPE(array)
    source.swapped = not cnp.PyArray_ISNOTSWAPPED(array)
    source.scale = scale
    source.codes = codes
    source.off = 0
    source.indptr = NULL
    source.indices = NULL
    return source


cpdef double largest(cnp.ndarray array):
    """max |array| of a contiguous float array, nan if one is."""
    cdef void* numbers = address(array, cnp.PyArray_TYPE(array), array.size, False)
    cdef Py_ssize_t n = array.size
    if cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT:
        return ROW_LOOPS.largest32(<const float*>numbers, n)
    return ROW_LOOPS.largest64(<const double*>numbers, n)


def usable_as_it_is(X, Py_ssize_t width, cnp.dtype dtype):
    """Whether X is a small contiguous matrix of this type and width, all finite: the usual case, found quickly."""
    cdef cnp.ndarray array
    if type(X) is not np.ndarray:
        return False
    array = X
    if (
        array.ndim != 2 or cnp.PyArray_TYPE(array) != dtype.type_num or not cnp.PyArray_ISCARRAY_RO(array)
        or array.shape[1] != width or not 0 < array.shape[0] * width <= AT_ONCE
    ):
        return False
    return isfinite(largest(array))
