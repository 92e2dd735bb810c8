"""Products with a sparse X in compressed rows (CSR): only what is stored is multiplied.

Sums are taken row by row, in the order of the entries, whoever takes them.
"""

from cython cimport floating
from libc.stdint cimport int32_t, int64_t

from cmlp._product_loops cimport PRODUCT_LOOPS
from cmlp._source cimport Source


cdef inline Py_ssize_t row_of(const Py_ssize_t* order, Py_ssize_t row) noexcept nogil:
    return row if order == NULL else order[row]


cdef inline int64_t first_from(const int32_t* indices, int64_t low, int64_t high, Py_ssize_t column) noexcept nogil:
    """Where, between low and high, the sorted columns begin to be `column` or more."""
    cdef int64_t middle
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < column:
            low = middle + 1
        else:
            high = middle
    return low


cdef void csr_product(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, const floating* W, Py_ssize_t ldw,
    Py_ssize_t n_columns, const floating* S, Py_ssize_t lds, floating* Z, Py_ssize_t ldz,
) noexcept nogil:
    cdef Py_ssize_t i, j, row
    cdef int64_t p
    cdef floating x, scale = <floating>X.scale
    cdef const floating* w
    cdef floating* z
    # Z_i = S_i + sum_p X_p W_(column of p)
    for i in range(n_rows):
        z = Z + i * ldz
        row = row_of(order, start + i)
        if S == NULL:
            for j in range(n_columns):
                z[j] = 0
        elif S + i * lds != z:
            for j in range(n_columns):
                z[j] = S[i * lds + j]
        for p in range(X.indptr[row], X.indptr[row + 1]):
            x = scale * (<const floating*>X.data)[p]
            w = W + X.indices[p] * ldw
            for j in range(n_columns):
                z[j] += x * w[j]


cdef void csr_gradient(
    const Source* X, const Py_ssize_t* order, Py_ssize_t start, Py_ssize_t n_rows, Py_ssize_t first, Py_ssize_t n_first,
    const floating* dZ, Py_ssize_t ldz, Py_ssize_t n_columns, bint add, floating* dW, Py_ssize_t ldw,
) noexcept nogil:
    cdef Py_ssize_t i, j, row
    cdef int64_t p, end
    cdef floating x, scale = <floating>X.scale
    cdef floating* w
    # dW_k = (add ? dW_k : 0) + sum over the rows i that hold column k of X_ik dZ_i, for k from first to first + n_first - 1
    if not add:
        for i in range(n_first):
            for j in range(n_columns):
                dW[i * ldw + j] = 0
    for i in range(n_rows):
        row = row_of(order, start + i)
        end = X.indptr[row + 1]
        p = first_from(X.indices, X.indptr[row], end, first)
        while p < end and X.indices[p] < first + n_first:
            x = scale * (<const floating*>X.data)[p]
            w = dW + (X.indices[p] - first) * ldw
            for j in range(n_columns):
                w[j] += x * dZ[i * ldz + j]
            p += 1


PRODUCT_LOOPS.csr_product32, PRODUCT_LOOPS.csr_product64 = csr_product[float], csr_product[double]
PRODUCT_LOOPS.csr_gradient32, PRODUCT_LOOPS.csr_gradient64 = csr_gradient[float], csr_gradient[double]
