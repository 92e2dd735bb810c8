"""A residual connection: what an earlier layer puts out, or its product with P, is added; the gradient goes back to it."""

from cython cimport floating
from libc.stdint cimport int64_t

from cmlp._batch cimport drops, input_of
from cmlp._plan cimport INPUT, NO_SOURCE, NONE, place_units, set_delta
from cmlp._product_loops cimport csr_product
from cmlp._products cimport gemm_nn, gemm_nt
from cmlp._row_loops cimport add_rows, copy_rows
from cmlp._stages cimport ANY_AREA


cdef bint residual_belongs(const Layer* layer) noexcept nogil:
    return layer.source != NO_SOURCE


cdef Extent residual_extent(const Layer* layer) noexcept nogil:
    return ANY_AREA


cdef void residual_place(Plan* plan, Layer* layer) noexcept nogil:
    if layer.out == layer.A:
        layer.out = place_units(plan, layer)
    if layer.dout == layer.dN:
        layer.dout = place_units(plan, layer)
    set_delta(plan, layer, layer.P, layer.dout)


cdef void add_source(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = area.row * stride + area.column
    cdef Py_ssize_t width = plan.layers[layer.source + 1].fan_in
    cdef const floating* source = input_of(plan, batch, layer.source + 1, <const floating*>work) + area.row * width
    cdef floating* out = work + layer.out + offset
    if not drops(batch, layer):
        copy_rows(<const floating*>(work + layer.A + offset), stride, area.n_rows, area.n_columns, out)
    # out (n_rows, n_columns) += source, or source . P
    if layer.source == INPUT and plan.sparse:
        add_sparse(batch, layer, area, variables, out)
    elif layer.P == NONE:
        add_rows(source + area.column, width, area.n_rows, area.n_columns, out)
    else:
        gemm_nn(area.n_rows, area.n_columns, width, source, width, variables + layer.P + area.column, stride,
                <const floating*>out, stride, out, stride)


cdef inline void add_sparse(
    const Batch* batch, const Layer* layer, const Area* area, const floating* variables, floating* out,
) noexcept nogil:
    """The same for a source X in compressed rows."""
    cdef Py_ssize_t i, sample, stride = layer.fan_out, column = area.column
    cdef int64_t p
    if layer.P != NONE:
        csr_product(&batch.X, batch.order, batch.start + area.row, area.n_rows, variables + layer.P + column, stride,
                    area.n_columns, <const floating*>out, stride, out, stride)
        return
    for i in range(area.n_rows):
        sample = batch.start + area.row + i
        sample = sample if batch.order == NULL else batch.order[sample]
        for p in range(batch.X.indptr[sample], batch.X.indptr[sample + 1]):
            if column <= batch.X.indices[p] < column + area.n_columns:
                out[i * stride + batch.X.indices[p] - column] += (
                    <floating>batch.X.scale * (<const floating*>batch.X.data)[p])


cdef void add_source_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    """dA = dout, unless dropout takes it from there. What goes back to the source, the source asks for: start_of_gradient."""
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = area.row * stride + area.column
    if layer.dropout == 0:
        copy_rows(<const floating*>(work + layer.dout + offset), stride, area.n_rows, area.n_columns, work + layer.dN + offset)


cdef const floating* start_of_gradient(
    const Plan* plan, Py_ssize_t l, const Area* area, const floating* variables, floating* work,
) noexcept nogil:
    cdef Py_ssize_t m, stride = plan.layers[l].fan_out, offset = area.row * stride + area.column
    cdef const Layer* later
    cdef floating* dout = work + plan.layers[l].dout + offset
    cdef const floating* start = <const floating*>NULL
    for m in range(l + 1, plan.n_layers):
        later = &plan.layers[m]
        if later.source != l:
            continue
        if later.P != NONE:
            # dout (n_rows, n_columns) = start + dout_m (n_rows, fan_out_m) . P_m^T
            gemm_nt(
                area.n_rows, area.n_columns, later.fan_out, <const floating*>(work + later.dout + area.row * later.fan_out),
                later.fan_out, variables + later.P + area.column * later.fan_out, later.fan_out, start, stride, dout, stride)
            start = dout
        elif start == NULL:
            start = work + later.dout + offset
        else:
            copy_rows(start, stride, area.n_rows, area.n_columns, dout)
            add_rows(<const floating*>(work + later.dout + offset), stride, area.n_rows, area.n_columns, dout)
            start = dout
    return start
