"""An activation with a learned slope for each unit, in place of one without."""

from cython cimport floating

from cmlp._activation_table cimport ACTIVATION, learned_backward, learned_forward
from cmlp._batch cimport Batch
from cmlp._plan cimport Area, Layer, Plan, place_units, set_delta
from cmlp._stages cimport ANY_AREA, Extent


cdef inline bint slope_belongs(const Layer* layer) noexcept nogil:
    return ACTIVATION[layer.activation].learned


cdef inline Extent slope_extent(const Layer* layer) noexcept nogil:
    return ANY_AREA


cdef inline void slope_place(Plan* plan, Layer* layer) noexcept nogil:
    layer.A = layer.out = place_units(plan, layer)
    layer.dslope = place_units(plan, layer)
    set_delta(plan, layer, layer.slope, layer.dslope)


cdef inline void activate_with_slopes(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t i, stride = layer.fan_out, offset = area.row * stride + area.column
    cdef const floating* slope = variables + layer.slope + area.column
    cdef const floating* N = work + layer.N + offset
    cdef floating* A = work + layer.A + offset
    # A = f(N), in one call where the rows lie one after the other
    if area.n_columns == stride:
        learned_forward(layer.activation, N, slope, A, area.n_rows, stride)
    else:
        for i in range(area.n_rows):
            learned_forward(layer.activation, N + i * stride, slope, A + i * stride, 1, area.n_columns)


cdef inline void activate_with_slopes_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t i, start, offset = area.row * layer.fan_out + area.column
    cdef const floating* slope = variables + layer.slope + area.column
    # dN = dA * f'(N), which holds dA on entry, and what the gradient of the slope sums up
    for i in range(area.n_rows):
        start = offset + i * layer.fan_out
        learned_backward(layer.activation, <const floating*>(work + layer.N + start), slope, work + layer.dN + start,
                         work + layer.dslope + start, 1, area.n_columns)
