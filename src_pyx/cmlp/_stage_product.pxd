"""The product of a layer: Z = b + A_prev . W. Equations: cmlp/reference/propagation.py."""

from cython cimport floating

from cmlp._batch cimport Batch, input_of, mostly_zeros
from cmlp._clock cimport PRODUCTS, lap
from cmlp._plan cimport NONE, Area, Layer, Plan, place_units, set_delta
from cmlp._product_loops cimport csr_product, skip_zeros
from cmlp._products cimport gemm_nn, gemm_nt
from cmlp._stage_residual cimport start_of_gradient
from cmlp._stages cimport ANY_AREA, Extent


cdef inline bint product_belongs(const Layer* layer) noexcept nogil:
    return True


cdef inline Extent product_extent(const Layer* layer) noexcept nogil:
    return ANY_AREA


cdef inline void product_place(Plan* plan, Layer* layer) noexcept nogil:
    layer.Z = layer.N = layer.A = layer.out = place_units(plan, layer)
    layer.dZ = layer.dN = layer.dout = place_units(plan, layer)
    set_delta(plan, layer, layer.W, layer.dZ)
    set_delta(plan, layer, layer.b, layer.dZ)


cdef inline void product_forward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* theta, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t n_rows = area.n_rows, n_columns = area.n_columns
    cdef const floating* A_prev = input_of(plan, batch, l, <const floating*>work) + area.row * layer.fan_in
    cdef const floating* W = theta + layer.W + area.column
    cdef const floating* b = <const floating*>NULL
    cdef floating* Z = work + layer.Z + area.row * layer.fan_out + area.column
    if layer.b != NONE:
        b = theta + layer.b + area.column
    # Z (n_rows, n_columns) = b + A_prev (n_rows, fan_in) . W (fan_in, n_columns)
    if l == 0 and plan.sparse:
        csr_product(
            &batch.X, batch.order, batch.start + area.row, n_rows, W, layer.fan_out, n_columns, b, 0, Z, layer.fan_out)
    elif l == 0 and mostly_zeros(plan, batch, area.row, n_rows):
        skip_zeros(False, n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    else:
        gemm_nn(n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    lap(batch.clock, PRODUCTS)


cdef inline void product_backward(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* theta, floating* work,
) noexcept nogil:
    """dout of an area of layer l - 1, from dZ of layer l."""
    cdef const Layer* layer = &plan.layers[l]
    cdef const floating* dZ = work + layer.dZ + area.row * layer.fan_out
    cdef const floating* W = theta + layer.W + area.column * layer.fan_out
    cdef const floating* S = <const floating*>NULL
    cdef floating* dout = work + plan.layers[l - 1].dout + area.row * layer.fan_in + area.column
    if plan.has_residuals:
        S = start_of_gradient(plan, l - 1, area, theta, work)
    # dout_prev (n_rows, n_columns) = S + dZ (n_rows, fan_out) . W^T (fan_out, n_columns)
    gemm_nt(area.n_rows, area.n_columns, layer.fan_out, dZ, layer.fan_out, W, layer.fan_out, S, layer.fan_in, dout,
            layer.fan_in)
    lap(batch.clock, PRODUCTS)
