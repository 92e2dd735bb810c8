"""Gradients of the parameters and their update, by tiles. Equations: cmlp/reference/parameters.py.

Each tile of dW is one product over the whole batch and belongs to one thread, so no sum depends on who computes it.
"""

from cython cimport floating

from cmlp._clock cimport ELEMENTWISE, PRODUCTS, UPDATE, lap
from cmlp._elementary cimport larger
from cmlp._plan cimport Layer, Tile, n_tiles
from cmlp._products cimport gemm_tn
from cmlp._propagation cimport input_of
from cmlp._registry cimport add_change, optimizer_change, sum_rows
from cmlp._team cimport Search, Team, next_task

cdef enum:
    PIECE = 4096                 # parameters that a thread updates at a time from a finished gradient


# --- one tile of the gradient -------------------------------------------------------------------------------
cdef inline void weight_gradient(
    const Plan* plan, const Batch* batch, const Tile* tile, bint add, const floating* work, floating* dW, Py_ssize_t ld_dW,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef const floating* A_prev = input_of(plan, batch, tile.l, work) + tile.row
    cdef const floating* dZ = work + layer.dZ + tile.column
    # dW (fan_in, fan_out) = A_prev^T (fan_in, n_rows) . dZ (n_rows, fan_out)
    gemm_tn(tile.n_rows, tile.n_columns, batch.n_rows, A_prev, layer.fan_in, dZ, layer.fan_out,
            <const floating*>(dW if add else NULL), ld_dW, dW, ld_dW)
    lap(batch.clock, PRODUCTS)


cdef inline void bias_gradient(
    const Plan* plan, const Batch* batch, const Tile* tile, bint add, const floating* work, floating* db,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    # db (fan_out,) = the sums of the columns of dZ (n_rows, fan_out)
    sum_rows(<const floating*>(work + layer.dZ + tile.column), layer.fan_out, batch.n_rows, tile.n_columns, add, db)
    lap(batch.clock, ELEMENTWISE)


# --- the update of a flat piece -----------------------------------------------------------------------------
cdef inline double apply(
    const Plan* plan, const Update* update, Py_ssize_t offset, Py_ssize_t n, floating* theta, floating* change,
    floating* state,
) noexcept nogil:
    """`change` holds the gradient of theta[offset : offset + n] on entry. Returns max |change|."""
    optimizer_change(update.optimizer, change, state + offset, plan.n_params, n, update.values)
    return add_change(theta + offset, <const floating*>change, n)


cdef inline double update_tile(
    const Plan* plan, const Batch* batch, const Update* update, const Tile* tile, floating* theta, floating* state,
    const floating* work, floating* scratch,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef Py_ssize_t offset = layer.W + tile.row * layer.fan_out + tile.column, i
    cdef double largest = 0
    weight_gradient(plan, batch, tile, False, work, scratch, tile.n_columns)
    if tile.n_columns == layer.fan_out:
        largest = apply(plan, update, offset, tile.n_rows * tile.n_columns, theta, scratch, state)
    else:
        for i in range(tile.n_rows):
            largest = larger(largest, apply(plan, update, offset + i * layer.fan_out, tile.n_columns, theta,
                                            scratch + i * tile.n_columns, state))
    lap(batch.clock, UPDATE)
    if tile.row == 0 and layer.bias:
        bias_gradient(plan, batch, tile, False, work, scratch)
        largest = larger(largest, apply(plan, update, layer.b + tile.column, tile.n_columns, theta, scratch, state))
        lap(batch.clock, UPDATE)
    return largest


cdef double update_from_batch(
    const Plan* plan, const Batch* batch, const Update* update, floating* theta, floating* state, const floating* work,
    floating* scratch, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index
    cdef double largest = 0
    cdef Search search = Search(0, 0)
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return largest
        largest = larger(largest, update_tile(plan, batch, update, &plan.tiles[index], theta, state, work, scratch))


cdef void accumulate(
    const Plan* plan, const Batch* batch, bint add, const floating* work, floating* dtheta, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index
    cdef Search search = Search(0, 0)
    cdef const Tile* tile
    cdef const Layer* layer
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return
        tile = &plan.tiles[index]
        layer = &plan.layers[tile.l]
        weight_gradient(plan, batch, tile, add, work, dtheta + layer.W + tile.row * layer.fan_out + tile.column, layer.fan_out)
        if tile.row == 0 and layer.bias:
            bias_gradient(plan, batch, tile, add, work, dtheta + layer.b + tile.column)


cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_all = n_tiles(plan.n_params, PIECE), piece, offset
    cdef double largest = 0
    cdef Search search = Search(0, 0)
    while True:
        piece = next_task(team, &search, n_all, thread, n_threads)
        if piece < 0:
            return largest
        offset = piece * PIECE
        largest = larger(largest, apply(plan, update, offset, min(<Py_ssize_t>PIECE, plan.n_params - offset), theta,
                                        dtheta + offset, state))
