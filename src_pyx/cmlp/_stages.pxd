"""The stages of a layer, as rows of a table: a new kind of layer is a new _stage_*.pxd, and its line in _stages.pyx.

Each stage makes its values from those of the stage before, and passes the gradient back to them, an area of the layer's rows
and units at a time. Plain layers, a product and an activation, are worked without the table (_propagation.pyx).
"""

from cython cimport floating

from cmlp._batch cimport Batch, has_statistics
from cmlp._plan cimport MOST_STAGES, Area, Layer, Plan

# What a stage must be given at least.
cdef enum Extent:
    ANY_AREA
    WHOLE_ROWS
    WHOLE_COLUMNS                # of a batch to learn from; else any area

# Forward: the values of an area of layer l. Backward: from the gradient with respect to them, that with respect to what they
# were made from; of the product, the area is one of layer l - 1. `variables` is theta and what lies behind it.
ctypedef void (*stage_f32)(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const float* variables, float* work) noexcept nogil
ctypedef void (*stage_f64)(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const double* variables, double* work) noexcept nogil

cdef struct Stage:
    bint (*belongs)(const Layer* layer) noexcept nogil           # whether a layer has it
    Extent (*extent)(const Layer* layer) noexcept nogil
    # its places in the work space, and from which of them the gradients of its parameters are made (set_delta); values that
    # come after its own lie where these lie, until another stage gives them a place
    void (*place)(Plan* plan, Layer* layer) noexcept nogil
    stage_f32 forward32
    stage_f64 forward64
    stage_f32 backward32
    stage_f64 backward64
    bint plain                   # a layer with nothing else is a plain one

# In the order in which a layer works through those that it has; the first is the product, or what stands in its place.
cdef Stage[MOST_STAGES] STAGES
cdef int n_stages


cdef inline int n_by_tiles(const Plan* plan, const Batch* batch, Py_ssize_t l) noexcept nogil:
    """How many of the layer's stages are worked by tiles; from the next one on, panels of whole columns are needed."""
    return plan.stages[l].by_columns if has_statistics(batch) else plan.stages[l].n


# The stages first, ..., end - 1 of the layer's list; backward from the last to the first.
cdef void forward_through(
    const Plan* plan, const Batch* batch, Py_ssize_t l, int first, int end, const Area* area, const floating* variables,
    floating* work) noexcept nogil
cdef void backward_through(
    const Plan* plan, const Batch* batch, Py_ssize_t l, int first, int end, const Area* area, const floating* variables,
    floating* work) noexcept nogil
