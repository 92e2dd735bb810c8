from cmlp._source cimport Source

# Where the numbers of a contiguous array lie; TypeError if they are not n of this type.
cdef void* address(object given, int type_number, Py_ssize_t n, bint writable) except? NULL

cdef class Samples:
    cdef Source X, Y
    cdef const double* sample_weight
    cdef readonly Py_ssize_t n_samples
    cdef readonly bint sparse
    cdef readonly tuple given            # the arrays that are pointed to: X, Y, weights
