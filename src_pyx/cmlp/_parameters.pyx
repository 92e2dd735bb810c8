"""Gradients of the parameters and their update, by tiles. Equations: cmlp/reference/parameters.py.

Each tile of dW is one product over the whole batch and belongs to one thread, so no sum depends on who computes it.
"""

from cython cimport floating

from cmlp._blas cimport gemm_tn
from cmlp._elementary cimport larger
from cmlp._plan cimport Layer, depth_of, n_gradient_tiles, n_tiles
from cmlp._propagation cimport input_of
from cmlp._registry cimport add_change, optimizer_change, sum_rows
from cmlp._team cimport share

cdef enum:
    PIECE = 4096                 # parameters that a thread updates at a time from a finished gradient

cdef struct Tile:
    const Layer* layer
    Py_ssize_t l
    Py_ssize_t row
    Py_ssize_t n_rows
    Py_ssize_t column
    Py_ssize_t n_columns


cdef inline Py_ssize_t count_tiles(const Plan* plan) noexcept nogil:
    cdef Py_ssize_t l, total = 0
    for l in range(plan.n_layers):
        total += n_gradient_tiles(&plan.layers[l])
    return total


cdef inline Tile tile_at(const Plan* plan, Py_ssize_t index) noexcept nogil:
    """Tile `index` of all layers, counted layer by layer and row by row."""
    cdef Tile tile
    cdef Py_ssize_t n_across
    tile.l = 0
    while index >= n_gradient_tiles(&plan.layers[tile.l]):
        index -= n_gradient_tiles(&plan.layers[tile.l])
        tile.l += 1
    tile.layer = &plan.layers[tile.l]
    n_across = n_tiles(tile.layer.fan_out, tile.layer.gradient_columns)
    tile.row = index // n_across * tile.layer.gradient_rows
    tile.n_rows = min(tile.layer.gradient_rows, tile.layer.fan_in - tile.row)
    tile.column = index % n_across * tile.layer.gradient_columns
    tile.n_columns = min(tile.layer.gradient_columns, tile.layer.fan_out - tile.column)
    return tile


# --- one tile of the gradient -------------------------------------------------------------------------------
cdef inline void weight_gradient(
    const Plan* plan, const Batch* batch, const Tile* tile, floating beta, const floating* work, floating* dW,
    Py_ssize_t ld_dW,
) noexcept nogil:
    cdef const Layer* layer = tile.layer
    cdef const floating* A_prev = input_of(plan, batch, tile.l, work) + tile.row
    cdef const floating* dZ = work + layer.dZ + tile.column
    cdef Py_ssize_t i, piece, depth = depth_of(plan, tile.n_rows, tile.n_columns, batch.n_rows)
    # dW (fan_in, fan_out) = A_prev^T (fan_in, n_rows) . dZ (n_rows, fan_out), in pieces of rows that keep BLAS fast
    for piece in range(n_tiles(batch.n_rows, depth)):
        i = piece * depth
        gemm_tn(tile.n_rows, tile.n_columns, min(depth, batch.n_rows - i), A_prev + i * layer.fan_in, layer.fan_in,
                dZ + i * layer.fan_out, layer.fan_out, <floating>1 if i > 0 else beta, dW, ld_dW)


cdef inline void bias_gradient(
    const Batch* batch, const Tile* tile, bint add, const floating* work, floating* db,
) noexcept nogil:
    cdef const floating* dZ = work + tile.layer.dZ + tile.column
    # db (fan_out,) = the sums of the columns of dZ (n_rows, fan_out)
    sum_rows(dZ, tile.layer.fan_out, batch.n_rows, tile.n_columns, add, db)


# --- the update of a flat piece -----------------------------------------------------------------------------
cdef inline double apply(
    const Plan* plan, const Update* update, Py_ssize_t offset, Py_ssize_t n, floating* theta, floating* change,
    floating* state,
) noexcept nogil:
    """`change` holds the gradient of theta[offset : offset + n] on entry. Returns max |change|."""
    optimizer_change(update.optimizer, change, state + offset, plan.n_params, n, update.hyper, update.t)
    return add_change(theta + offset, <const floating*>change, n)


cdef double update_from_batch(
    const Plan* plan, const Batch* batch, const Update* update, floating* theta, floating* state, const floating* work,
    floating* scratch, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_all = count_tiles(plan), index, i, offset
    cdef double largest = 0
    cdef Tile tile
    for index in range(share(n_all, thread, n_threads), share(n_all, thread + 1, n_threads)):
        tile = tile_at(plan, index)
        weight_gradient(plan, batch, &tile, <floating>0, work, scratch, tile.n_columns)
        offset = tile.layer.W + tile.row * tile.layer.fan_out + tile.column
        if tile.n_columns == tile.layer.fan_out:
            largest = larger(largest, apply(plan, update, offset, tile.n_rows * tile.n_columns, theta, scratch, state))
        else:
            for i in range(tile.n_rows):
                largest = larger(largest, apply(plan, update, offset + i * tile.layer.fan_out, tile.n_columns, theta,
                                                scratch + i * tile.n_columns, state))
        if tile.row == 0 and tile.layer.bias:
            bias_gradient(batch, &tile, False, work, scratch)
            largest = larger(
                largest, apply(plan, update, tile.layer.b + tile.column, tile.n_columns, theta, scratch, state))
    return largest


cdef void accumulate(
    const Plan* plan, const Batch* batch, bint add, const floating* work, floating* dtheta, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_all = count_tiles(plan), index
    cdef Tile tile
    for index in range(share(n_all, thread, n_threads), share(n_all, thread + 1, n_threads)):
        tile = tile_at(plan, index)
        weight_gradient(plan, batch, &tile, <floating>add, work,
                        dtheta + tile.layer.W + tile.row * tile.layer.fan_out + tile.column, tile.layer.fan_out)
        if tile.row == 0 and tile.layer.bias:
            bias_gradient(batch, &tile, add, work, dtheta + tile.layer.b + tile.column)


cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_all = n_tiles(plan.n_params, PIECE), piece, offset
    cdef double largest = 0
    for piece in range(share(n_all, thread, n_threads), share(n_all, thread + 1, n_threads)):
        offset = piece * PIECE
        largest = larger(largest, apply(plan, update, offset, min(<Py_ssize_t>PIECE, plan.n_params - offset), theta,
                                        dtheta + offset, state))
    return largest
