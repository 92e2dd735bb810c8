"""Dropout: out = mask A, and dA = mask dout; in a pass without it A and dout are passed on as they are."""

from cython cimport floating

from cmlp._batch cimport Batch, drops
from cmlp._plan cimport Area, Layer, Plan, place_units
from cmlp._random cimport Draw
from cmlp._row_loops cimport copy_rows, draw_mask, multiply_rows
from cmlp._stages cimport ANY_AREA, Extent


cdef inline bint dropout_belongs(const Layer* layer) noexcept nogil:
    return layer.dropout > 0


cdef inline Extent dropout_extent(const Layer* layer) noexcept nogil:
    return ANY_AREA


cdef inline void dropout_place(Plan* plan, Layer* layer) noexcept nogil:
    layer.out = place_units(plan, layer)
    layer.mask = place_units(plan, layer)
    if plan.keep_Z:
        layer.dout = place_units(plan, layer)


cdef inline void drop(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = area.row * stride + area.column
    cdef floating* mask = work + layer.mask + offset
    cdef Draw draw = batch.draw
    if not drops(batch, layer):
        return
    draw.layer = l + 1
    draw_mask(&draw, batch.dropout if batch.dropout >= 0 else layer.dropout, batch.first + area.row, area.column, stride,
              area.n_rows, area.n_columns, mask)
    multiply_rows(<const floating*>mask, <const floating*>(work + layer.A + offset), stride, area.n_rows, area.n_columns,
                  work + layer.out + offset)


cdef inline void drop_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = area.row * stride + area.column
    cdef const floating* dout = work + layer.dout + offset
    if drops(batch, layer):
        multiply_rows(<const floating*>(work + layer.mask + offset), dout, stride, area.n_rows, area.n_columns,
                      work + layer.dN + offset)
    else:
        copy_rows(dout, stride, area.n_rows, area.n_columns, work + layer.dN + offset)
