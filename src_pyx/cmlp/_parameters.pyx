"""Gradients of the parameters and their update, by tiles. Equations: cmlp/reference/parameters.py.

Each tile of dW is one product over the whole batch and belongs to one thread, so no sum depends on who computes it.
"""

from cython cimport floating
from libc.math cimport INFINITY, fabs, sqrt

from cmlp._clock cimport ELEMENTWISE, PRODUCTS, UPDATE, lap
from cmlp._elementary cimport larger
from cmlp._plan cimport Layer, Tile, n_tiles
from cmlp._products cimport gemm_skipping, gemm_tn
from cmlp._propagation cimport input_of, mostly_zeros
from cmlp._registry cimport add_change, average, clip, decay, optimizer_change, penalise, sum_rows, sum_squares
from cmlp._team cimport Search, Team, next_task

cdef enum:
    PIECE = 4096                 # parameters that a thread averages at a time
    PANEL = 64                   # columns whose norms it limits


# --- one tile of the gradient -------------------------------------------------------------------------------
cdef inline void weight_gradient(
    const Plan* plan, const Batch* batch, const Tile* tile, bint add, const floating* work, floating* dW, Py_ssize_t ld_dW,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef const floating* A_prev = input_of(plan, batch, tile.l, work) + tile.row
    cdef const floating* dZ = work + layer.dZ + tile.column
    # dW (fan_in, fan_out) = A_prev^T (fan_in, n_rows) . dZ (n_rows, fan_out)
    if tile.l == 0 and mostly_zeros(plan, batch, 0, batch.n_rows):
        gemm_skipping(True, tile.n_rows, tile.n_columns, batch.n_rows, A_prev, layer.fan_in, dZ, layer.fan_out,
                      <const floating*>(dW if add else NULL), ld_dW, dW, ld_dW)
    else:
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
    const Plan* plan, const Update* update, Py_ssize_t block, double factor, Py_ssize_t offset, Py_ssize_t n, floating* theta,
    floating* change, floating* state,
) noexcept nogil:
    """`change` holds the gradient of theta[offset : offset + n], a part of `block`, on entry. Returns max |change|."""
    cdef const double* rule
    if update.rules == NULL:
        optimizer_change(update.optimizer, change, state + offset, plan.n_params, n, update.values)
        return add_change(theta + offset, <const floating*>change, n)
    rule = update.rules.blocks + N_RULES * block
    clip(change, n, factor, update.rules.clip_value)
    optimizer_change(update.optimizer, change, state + offset, plan.n_params, n, update.values)
    decay(change, <const floating*>(theta + offset), n, rule[RATE], rule[RATE] * rule[DECAY] * update.learning_rate)
    return add_change(theta + offset, <const floating*>change, n)


cdef inline void penalise_piece(
    const Rules* rules, Py_ssize_t block, Py_ssize_t n, const floating* theta, floating* change,
) noexcept nogil:
    cdef const double* rule = rules.blocks + N_RULES * block
    if rule[L1] != 0 or rule[L2] != 0:
        penalise(change, theta, n, rule[L1], rule[L2])


# --- W's part of a tile, whose rows lie ld apart in `change` ------------------------------------------------
cdef inline Py_ssize_t n_pieces(const Plan* plan, const Tile* tile) noexcept nogil:
    """The flat pieces that it consists of: itself where it is whole rows, else its rows."""
    return 1 if tile.n_columns == plan.layers[tile.l].fan_out else tile.n_rows


cdef inline Py_ssize_t start_of(const Plan* plan, const Tile* tile) noexcept nogil:
    """Where it starts in theta."""
    cdef const Layer* layer = &plan.layers[tile.l]
    return layer.W + tile.row * layer.fan_out + tile.column


cdef inline void penalise_weights(
    const Plan* plan, const Rules* rules, const Tile* tile, const floating* theta, floating* change, Py_ssize_t ld,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef Py_ssize_t pieces = n_pieces(plan, tile), n = tile.n_rows * tile.n_columns // pieces, i
    theta += start_of(plan, tile)
    for i in range(pieces):
        penalise_piece(rules, layer.block, n, theta + i * layer.fan_out, change + i * ld)


cdef inline double apply_weights(
    const Plan* plan, const Update* update, const Tile* tile, double factor, floating* theta, floating* change,
    Py_ssize_t ld, floating* state,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef Py_ssize_t pieces = n_pieces(plan, tile), n = tile.n_rows * tile.n_columns // pieces, i
    cdef double largest = 0
    for i in range(pieces):
        largest = larger(largest, apply(
            plan, update, layer.block, factor, start_of(plan, tile) + i * layer.fan_out, n, theta, change + i * ld, state))
    return largest


# --- fused --------------------------------------------------------------------------------------------------
cdef inline double update_tile(
    const Plan* plan, const Batch* batch, const Update* update, const Tile* tile, floating* theta, floating* state,
    const floating* work, floating* scratch,
) noexcept nogil:
    cdef const Layer* layer = &plan.layers[tile.l]
    cdef Py_ssize_t offset = layer.b + tile.column
    cdef double largest
    weight_gradient(plan, batch, tile, False, work, scratch, tile.n_columns)
    if update.rules != NULL:
        penalise_weights(plan, update.rules, tile, <const floating*>theta, scratch, tile.n_columns)
    largest = apply_weights(plan, update, tile, 1, theta, scratch, tile.n_columns, state)
    lap(batch.clock, UPDATE)
    if tile.row == 0 and layer.bias:
        bias_gradient(plan, batch, tile, False, work, scratch)
        if update.rules != NULL:
            penalise_piece(update.rules, layer.block + 1, tile.n_columns, <const floating*>(theta + offset), scratch)
        largest = larger(largest, apply(plan, update, layer.block + 1, 1, offset, tile.n_columns, theta, scratch, state))
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


# --- split --------------------------------------------------------------------------------------------------
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
        weight_gradient(plan, batch, tile, add, work, dtheta + start_of(plan, tile), layer.fan_out)
        if tile.row == 0 and layer.bias:
            bias_gradient(plan, batch, tile, add, work, dtheta + layer.b + tile.column)


cdef void finish_gradient(
    const Plan* plan, const Rules* rules, const floating* theta, floating* dtheta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index, i, pieces, offset
    cdef Search search = Search(0, 0)
    cdef const Tile* tile
    cdef const Layer* layer
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return
        tile = &plan.tiles[index]
        layer = &plan.layers[tile.l]
        offset = start_of(plan, tile)
        penalise_weights(plan, rules, tile, theta, dtheta + offset, layer.fan_out)
        rules.squares[index] = rules.squares[plan.n_tiles + index] = 0
        pieces = n_pieces(plan, tile)
        for i in range(pieces):
            rules.squares[index] += sum_squares(
                <const floating*>(dtheta + offset + i * layer.fan_out), tile.n_rows * tile.n_columns // pieces)
        if tile.row == 0 and layer.bias:
            offset = layer.b + tile.column
            penalise_piece(rules, layer.block + 1, tile.n_columns, theta + offset, dtheta + offset)
            rules.squares[plan.n_tiles + index] = sum_squares(<const floating*>(dtheta + offset), tile.n_columns)


cdef double clipping_factor(const Plan* plan, const Rules* rules, Py_ssize_t l, bint bias) noexcept nogil:
    """What makes the gradient, or that of W or b of layer l, no longer than clip_norm."""
    cdef Py_ssize_t index
    cdef double total = 0, norm
    if rules == NULL or rules.clip_norm == INFINITY:
        return 1
    for index in range(plan.n_tiles):
        if not rules.by_block:
            total += rules.squares[index] + rules.squares[plan.n_tiles + index]
        elif plan.tiles[index].l == l:
            total += rules.squares[plan.n_tiles + index if bias else index]
    norm = sqrt(total)
    return rules.clip_norm / norm if norm > rules.clip_norm else 1


cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index, offset
    cdef double largest = 0, factor = clipping_factor(plan, update.rules, 0, False)
    cdef bint by_block = update.rules != NULL and update.rules.by_block
    cdef Search search = Search(0, 0)
    cdef const Tile* tile
    cdef const Layer* layer
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return largest
        tile = &plan.tiles[index]
        layer = &plan.layers[tile.l]
        if by_block:
            factor = clipping_factor(plan, update.rules, tile.l, False)
        largest = larger(largest, apply_weights(
            plan, update, tile, factor, theta, dtheta + start_of(plan, tile), layer.fan_out, state))
        if tile.row == 0 and layer.bias:
            offset = layer.b + tile.column
            if by_block:
                factor = clipping_factor(plan, update.rules, tile.l, True)
            largest = larger(largest, apply(
                plan, update, layer.block + 1, factor, offset, tile.n_columns, theta, dtheta + offset, state))


# --- after an update ----------------------------------------------------------------------------------------
cdef inline void limit_panel(
    const Layer* layer, double most, Py_ssize_t column, Py_ssize_t n_columns, floating* W,
) noexcept nogil:
    """Columns of W (fan_in, fan_out) longer than `most`, times what makes them that long."""
    cdef Py_ssize_t i, j
    cdef double[PANEL] total
    cdef floating[PANEL] factor
    cdef floating* row
    for j in range(n_columns):
        total[j] = 0
    for i in range(layer.fan_in):
        row = W + i * layer.fan_out + column
        for j in range(n_columns):
            total[j] += <double>row[j] * row[j]
    for j in range(n_columns):
        factor[j] = <floating>(most / sqrt(total[j]) if total[j] > most * most else 1)
    for i in range(layer.fan_in):
        row = W + i * layer.fan_out + column
        for j in range(n_columns):
            row[j] *= factor[j]


cdef void limit_columns(
    const Plan* plan, const Rules* rules, floating* theta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_panels = 0, panel, l
    cdef double most
    cdef Search search = Search(0, 0)
    cdef const Layer* layer
    for l in range(plan.n_layers):
        n_panels += n_tiles(plan.layers[l].fan_out, PANEL)
    while True:
        panel = next_task(team, &search, n_panels, thread, n_threads)
        if panel < 0:
            return
        l = 0
        while panel >= n_tiles(plan.layers[l].fan_out, PANEL):
            panel -= n_tiles(plan.layers[l].fan_out, PANEL)
            l += 1
        layer = &plan.layers[l]
        most = rules.blocks[N_RULES * layer.block + MAX_NORM]
        if most > 0:
            limit_panel(layer, most, panel * PANEL, min(<Py_ssize_t>PANEL, layer.fan_out - panel * PANEL), theta + layer.W)


cdef void update_average(
    const Plan* plan, const Rules* rules, const floating* theta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t piece, offset
    cdef Search search = Search(0, 0)
    while True:
        piece = next_task(team, &search, n_tiles(plan.n_params, PIECE), thread, n_threads)
        if piece < 0:
            return
        offset = piece * PIECE
        average(<floating*>rules.average + offset, theta + offset, min(<Py_ssize_t>PIECE, plan.n_params - offset),
                rules.average_share)


cdef inline double penalty_of(const double* rule, const floating* theta, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    if rule[L1] != 0:
        for i in range(n):
            total += rule[L1] * fabs(<double>theta[i])
    if rule[L2] != 0:
        total += rule[L2] / 2 * sum_squares(theta, n)
    return total


cdef double penalty(const Plan* plan, const Rules* rules, const floating* theta) noexcept nogil:
    cdef Py_ssize_t l
    cdef double total = 0
    cdef const Layer* layer
    for l in range(plan.n_layers):
        layer = &plan.layers[l]
        total += penalty_of(rules.blocks + N_RULES * layer.block, theta + layer.W, layer.fan_in * layer.fan_out)
        if layer.bias:
            total += penalty_of(rules.blocks + N_RULES * (layer.block + 1), theta + layer.b, layer.fan_out)
    return total
