from cython cimport floating

from cmlp._batch cimport Batch
from cmlp._plan cimport Area, Layer, Plan
from cmlp._stages cimport Extent

cdef bint residual_belongs(const Layer* layer) noexcept nogil
cdef Extent residual_extent(const Layer* layer) noexcept nogil
cdef void residual_place(Plan* plan, Layer* layer) noexcept nogil
cdef void add_source(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil
cdef void add_source_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil

# Where dout of an area of layer l starts from: what the layers that add its output send back; NULL if none does.
cdef const floating* start_of_gradient(
    const Plan* plan, Py_ssize_t l, const Area* area, const floating* variables, floating* work) noexcept nogil
