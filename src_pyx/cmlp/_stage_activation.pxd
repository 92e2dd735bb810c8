"""The activation: A = f(N), and dN = dA * f'(N)."""

from cython cimport floating

from cmlp._activation_table cimport ACTIVATION, activation_backward, activation_forward
from cmlp._batch cimport Batch
from cmlp._plan cimport Area, Layer, Plan, place_units
from cmlp._stages cimport ANY_AREA, WHOLE_ROWS, Extent


cdef inline bint activation_belongs(const Layer* layer) noexcept nogil:
    return not ACTIVATION[layer.activation].learned


cdef inline Extent activation_extent(const Layer* layer) noexcept nogil:
    return ANY_AREA if ACTIVATION[layer.activation].elementwise else WHOLE_ROWS


cdef inline void activation_place(Plan* plan, Layer* layer) noexcept nogil:
    if ACTIVATION[layer.activation].needs_Z or plan.keep_Z:
        layer.A = layer.out = place_units(plan, layer)


cdef inline void activate(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t i, stride = layer.fan_out, offset = area.row * stride + area.column
    cdef const floating* N = work + layer.N + offset
    cdef floating* A = work + layer.A + offset
    # A = f(N), in one call where the rows lie one after the other
    if area.n_columns == stride:
        activation_forward(layer.activation, N, A, area.n_rows, stride, layer.parameter)
    else:
        for i in range(area.n_rows):
            activation_forward(layer.activation, N + i * stride, A + i * stride, 1, area.n_columns, layer.parameter)


cdef inline void activate_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t i, stride = layer.fan_out, offset = area.row * stride + area.column
    cdef const floating* N = work + layer.N + offset
    cdef const floating* A = work + layer.A + offset
    cdef floating* dN = work + layer.dN + offset
    # dN = dA * f'(N); it holds dA on entry
    if area.n_columns == stride:
        activation_backward(layer.activation, N, A, dN, area.n_rows, stride, layer.parameter)
    else:
        for i in range(area.n_rows):
            activation_backward(
                layer.activation, N + i * stride, A + i * stride, dN + i * stride, 1, area.n_columns, layer.parameter)
