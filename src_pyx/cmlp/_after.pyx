"""What comes after a layer's product: normalisation, learned slopes, dropout, residual connections; and their way back.

All of it works on tiles, whose rows are fan_out apart. Equations: cmlp/reference/propagation.py.
"""

from cython cimport floating
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from cmlp._activation_table cimport learned_backward, learned_forward
from cmlp._norm_table cimport norm_backward, norm_forward
from cmlp._plan cimport INPUT, NONE, NO_SOURCE
from cmlp._product_loops cimport csr_product
from cmlp._products cimport gemm_nn, gemm_nt
from cmlp._propagation cimport input_of
from cmlp._random cimport Draw
from cmlp._row_loops cimport add_rows, draw_mask, multiply_rows


cdef inline void copy_rows(
    const floating* B, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n_columns, floating* C,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n_rows):
        memcpy(C + i * stride, B + i * stride, n_columns * sizeof(floating))


cdef inline double rate_of(const Batch* batch, const Layer* layer) noexcept nogil:
    """Of dropout; 0 where there is none in this pass."""
    if not batch.dropping or layer.dropout == 0:
        return 0
    return batch.dropout if batch.dropout >= 0 else layer.dropout


# --- from N to out ----------------------------------------------------------------------------------------------
cdef inline void activate_with_slopes(
    const Layer* layer, const floating* slope, const floating* N, floating* A, Py_ssize_t n_rows, Py_ssize_t n_columns,
) noexcept nogil:
    cdef Py_ssize_t i
    if n_columns == layer.fan_out:
        learned_forward(layer.activation, N, slope, A, n_rows, n_columns)
    else:
        for i in range(n_rows):
            learned_forward(layer.activation, N + i * layer.fan_out, slope, A + i * layer.fan_out, 1, n_columns)


cdef inline void add_source(
    const Plan* plan, const Batch* batch, const Layer* layer, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    """out (n_rows, n_columns) += what the source puts out, or that . P."""
    cdef Py_ssize_t width = plan.layers[layer.source + 1].fan_in
    cdef const floating* source = input_of(plan, batch, layer.source + 1, <const floating*>work) + row * width
    cdef floating* out = work + layer.out + row * layer.fan_out + column
    if layer.source == INPUT and plan.sparse:
        add_sparse(batch, layer, row, n_rows, column, n_columns, variables, out)
    elif layer.P == NONE:
        add_rows(source + column, width, n_rows, n_columns, out)
    else:
        gemm_nn(n_rows, n_columns, width, source, width, variables + layer.P + column, layer.fan_out,
                <const floating*>out, layer.fan_out, out, layer.fan_out)


cdef inline void add_sparse(
    const Batch* batch, const Layer* layer, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column, Py_ssize_t n_columns,
    const floating* variables, floating* out,
) noexcept nogil:
    """The same for a source X in compressed rows."""
    cdef Py_ssize_t i, sample
    cdef int64_t p
    if layer.P != NONE:
        csr_product(&batch.X, batch.order, batch.start + row, n_rows, variables + layer.P + column, layer.fan_out, n_columns,
                    <const floating*>out, layer.fan_out, out, layer.fan_out)
        return
    for i in range(n_rows):
        sample = batch.start + row + i
        sample = sample if batch.order == NULL else batch.order[sample]
        for p in range(batch.X.indptr[sample], batch.X.indptr[sample + 1]):
            if column <= batch.X.indices[p] < column + n_columns:
                out[i * layer.fan_out + batch.X.indices[p] - column] += (
                    <floating>batch.X.scale * (<const floating*>batch.X.data)[p])


cdef void finish(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    """A and out of a tile of layer l, from its N."""
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = row * stride + column
    cdef const floating* N = work + layer.N + offset
    cdef floating* A = work + layer.A + offset
    cdef floating* out = work + layer.out + offset
    cdef double rate = rate_of(batch, layer)
    cdef Draw draw = batch.draw
    if layer.slope != NONE:
        activate_with_slopes(layer, variables + layer.slope + column, N, A, n_rows, n_columns)
    else:
        activate(layer, N, A, n_rows, n_columns)
    if batch.dropping and layer.dropout > 0:
        draw.layer = l + 1
        draw_mask(&draw, rate, batch.first + row, column, stride, n_rows, n_columns, work + layer.mask + offset)
        multiply_rows(<const floating*>(work + layer.mask + offset), <const floating*>A, stride, n_rows, n_columns, out)
    elif layer.source != NO_SOURCE or (batch.dropping and out != A):
        copy_rows(<const floating*>A, stride, n_rows, n_columns, out)
    if layer.source != NO_SOURCE:
        add_source(plan, batch, layer, row, n_rows, column, n_columns, variables, work)


# --- normalisation ----------------------------------------------------------------------------------------------
cdef inline floating* statistics_of(
    const Plan* plan, const Layer* layer, bint given, Py_ssize_t row, Py_ssize_t column, const floating* variables,
    floating* work, Py_ssize_t* n,
) noexcept nogil:
    """The means that a tile is normalised by, or room for them; the variances lie n numbers further on."""
    n[0] = layer.fan_out if meets_its_batch(layer) else plan.capacity
    if given:
        return <floating*>(variables + layer.running + column)         # which is then read only
    return work + layer.statistics + (column if meets_its_batch(layer) else row)


cdef inline void normalise(
    const Plan* plan, const Batch* batch, const Layer* layer, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    """hat and N of a tile, from its Z: by means and variances of its own, or by the running ones."""
    cdef Py_ssize_t offset = row * layer.fan_out + column, n
    cdef bint given = meets_its_batch(layer) and not takes_panels(layer, batch)
    cdef floating* mean = statistics_of(plan, layer, given, row, column, variables, work, &n)
    norm_forward(
        layer.norm, <const floating*>(work + layer.Z + offset), layer.fan_out, n_rows, n_columns,
        variables + layer.scale + column, variables + layer.shift + column, layer.eps, given, mean, mean + n,
        work + layer.hat + offset, work + layer.N + offset)


cdef inline void normalise_backward(
    const Plan* plan, const Batch* batch, const Layer* layer, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    """dZ and dscale of a tile, from its dN."""
    cdef Py_ssize_t offset = row * layer.fan_out + column, n
    cdef bint given = meets_its_batch(layer) and not takes_panels(layer, batch)
    cdef floating* mean = statistics_of(plan, layer, given, row, column, variables, work, &n)
    norm_backward(
        layer.norm, <const floating*>(work + layer.dN + offset), <const floating*>(work + layer.hat + offset), layer.fan_out,
        n_rows, n_columns, variables + layer.scale + column, layer.eps, given, <const floating*>(mean + n),
        work + layer.dscale + offset, work + layer.dZ + offset)


cdef inline void move_running(
    const Batch* batch, const Layer* layer, Py_ssize_t column, Py_ssize_t n_columns, const floating* variables,
    floating* work,
) noexcept nogil:
    """Where the running mean and variance are to go, once the update is made: each running + momentum (batch's - running)."""
    cdef Py_ssize_t j, n = layer.fan_out
    cdef const floating* statistics = work + layer.statistics
    cdef floating* target = work + layer.statistics + 2 * n
    cdef const floating* running = <const floating*>target if batch.continues else variables + layer.running
    cdef floating momentum = <floating>layer.momentum, unbiased = <floating>(<double>batch.n_rows / (batch.n_rows - 1))
    for j in range(column, column + n_columns):
        target[j] = running[j] + momentum * (statistics[j] - running[j])
        target[n + j] = running[n + j] + momentum * (unbiased * statistics[n + j] - running[n + j])


# --- tiles ------------------------------------------------------------------------------------------------------
cdef void after_product(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    if plan.layers[l].norm != NONE:
        normalise(plan, batch, &plan.layers[l], row, n_rows, column, n_columns, variables, work)
    finish(plan, batch, l, row, n_rows, column, n_columns, variables, work)


cdef void after_panel(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t column, Py_ssize_t n_columns, const floating* variables,
    floating* work,
) noexcept nogil:
    after_product(plan, batch, l, 0, batch.n_rows, column, n_columns, variables, work)
    move_running(batch, &plan.layers[l], column, n_columns, variables, work)


cdef inline void activate_with_slopes_backward(
    const Layer* layer, const floating* slope, const floating* N, floating* dN, floating* dslope, Py_ssize_t n_rows,
    Py_ssize_t n_columns,
) noexcept nogil:
    cdef Py_ssize_t i, offset
    for i in range(n_rows):
        offset = i * layer.fan_out
        learned_backward(layer.activation, N + offset, slope, dN + offset, dslope + offset, 1, n_columns)


cdef void before_product(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* variables, floating* work,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t stride = layer.fan_out, offset = row * stride + column
    cdef const floating* N = work + layer.N + offset
    cdef const floating* dout = work + layer.dout + offset
    cdef floating* dN = work + layer.dN + offset
    # dA = mask dout
    if batch.dropping and layer.dropout > 0:
        multiply_rows(<const floating*>(work + layer.mask + offset), dout, stride, n_rows, n_columns, dN)
    elif dout != dN:
        copy_rows(dout, stride, n_rows, n_columns, dN)
    # dN = dA * f'(N)
    if layer.slope != NONE:
        activate_with_slopes_backward(
            layer, variables + layer.slope + column, N, dN, work + layer.dslope + offset, n_rows, n_columns)
    else:
        activate_backward(layer, N, <const floating*>(work + layer.A + offset), dN, n_rows, n_columns)
    if layer.norm != NONE and not takes_panels(layer, batch):
        normalise_backward(plan, batch, layer, row, n_rows, column, n_columns, variables, work)


cdef void before_panel(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t column, Py_ssize_t n_columns, const floating* variables,
    floating* work,
) noexcept nogil:
    normalise_backward(plan, batch, &plan.layers[l], 0, batch.n_rows, column, n_columns, variables, work)


cdef const floating* start_of_gradient(
    const Plan* plan, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column, Py_ssize_t n_columns,
    const floating* variables, floating* work,
) noexcept nogil:
    cdef Py_ssize_t m, stride = plan.layers[l].fan_out, offset = row * stride + column
    cdef const Layer* later
    cdef floating* dout = work + plan.layers[l].dout + offset
    cdef const floating* start = <const floating*>NULL
    for m in range(l + 1, plan.n_layers):
        later = &plan.layers[m]
        if later.source != l:
            continue
        if later.P != NONE:
            # dout (n_rows, n_columns) = start + dout_m (n_rows, fan_out_m) . P_m^T
            gemm_nt(n_rows, n_columns, later.fan_out, <const floating*>(work + later.dout + row * later.fan_out),
                    later.fan_out, variables + later.P + column * later.fan_out, later.fan_out, start, stride, dout, stride)
            start = dout
        elif start == NULL:
            start = work + later.dout + offset
        else:
            if start != dout:
                copy_rows(start, stride, n_rows, n_columns, dout)
            add_rows(<const floating*>(work + later.dout + offset), stride, n_rows, n_columns, dout)
            start = dout
    return start
