"""Gradients of the parameters and their update, by tiles. Equations: cmlp/reference/parameters.py.

Each tile of dW is one product over the whole batch and belongs to one thread, so no sum depends on who computes it.
"""

from cython cimport floating
from libc.math cimport INFINITY, fabs, sqrt

from cmlp._batch cimport input_of, mostly_zeros
from cmlp._clock cimport ELEMENTWISE, PRODUCTS, UPDATE, lap
from cmlp._elementary cimport larger
from cmlp._optimizer_table cimport optimizer_change
from cmlp._parameter_loops cimport add_change, clip, decay, move_ema, penalise, sum_squares
from cmlp._plan cimport INPUT, MOST_VECTORS, Block, Layer, Tile, meets_its_batch, n_tiles
from cmlp._product_loops cimport csr_gradient, skip_zeros
from cmlp._products cimport gemm_tn
from cmlp._row_loops cimport sum_rows
from cmlp._team cimport Search, Team, next_task

cdef enum:
    PIECE = 4096                 # parameters whose EMA a thread moves at a time
    PANEL = 64                   # columns whose norms it limits


# --- one tile of the gradient -------------------------------------------------------------------------------
cdef inline void matrix_gradient(
    const Plan* plan, const Batch* batch, const Tile* tile, bint add, const floating* work, floating* dW, Py_ssize_t ld_dW,
) noexcept nogil:
    cdef const Block* block = &plan.blocks[tile.block]
    cdef const floating* A_prev = input_of(plan, batch, block.source + 1, work) + tile.row
    cdef const floating* dZ = work + block.delta + tile.column
    # dW (fan_in, fan_out) = A_prev^T (fan_in, n_rows) . dZ (n_rows, fan_out);   dP = (source's output)^T . dout
    if block.source == INPUT and plan.sparse:
        csr_gradient(&batch.X, batch.order, batch.start, batch.n_rows, tile.row, tile.n_rows, dZ, block.cols, tile.n_columns,
                     add, dW, ld_dW)
    elif block.source == INPUT and mostly_zeros(plan, batch, 0, batch.n_rows):
        skip_zeros(True, tile.n_rows, tile.n_columns, batch.n_rows, A_prev, block.rows, dZ, block.cols,
                   <const floating*>(dW if add else NULL), ld_dW, dW, ld_dW)
    else:
        gemm_tn(tile.n_rows, tile.n_columns, batch.n_rows, A_prev, block.rows, dZ, block.cols,
                <const floating*>(dW if add else NULL), ld_dW, dW, ld_dW)
    lap(batch.clock, PRODUCTS)


cdef inline void vector_gradient(
    const Plan* plan, const Batch* batch, Py_ssize_t vector, const Tile* tile, bint add, const floating* work, floating* db,
) noexcept nogil:
    cdef const Block* block = &plan.blocks[vector]
    # db (fan_out,) = the sums of the columns of dZ (n_rows, fan_out); scale, shift and slope likewise
    sum_rows(<const floating*>(work + block.delta + tile.column), block.cols, batch.n_rows, tile.n_columns, add, db)
    lap(batch.clock, ELEMENTWISE)


cdef inline Py_ssize_t n_vectors(const Plan* plan, const Tile* tile) noexcept nogil:
    """Of the layer, if their columns go with this tile: their blocks follow the tile's own."""
    cdef const Layer* layer = &plan.layers[plan.blocks[tile.block].layer]
    return layer.n_vectors if tile.row == 0 and tile.block == layer.block else 0


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
    decay(change, <const floating*>(theta + offset), n, rule[RATE],
          rule[RATE] * (rule[DECAY] + rule[SCHEDULED] * update.decay) * update.learning_rate)
    return add_change(theta + offset, <const floating*>change, n)


cdef inline void penalise_piece(
    const Rules* rules, Py_ssize_t block, Py_ssize_t n, const floating* theta, floating* change,
) noexcept nogil:
    cdef const double* rule = rules.blocks + N_RULES * block
    if rule[L1] != 0 or rule[L2] != 0:
        penalise(change, theta, n, rule[L1], rule[L2])


# --- a tile of a matrix, whose rows lie ld apart in `change` ------------------------------------------------
cdef inline Py_ssize_t n_pieces(const Plan* plan, const Tile* tile) noexcept nogil:
    """The flat pieces that it consists of: itself where it is whole rows, else its rows."""
    return 1 if tile.n_columns == plan.blocks[tile.block].cols else tile.n_rows


cdef inline Py_ssize_t start_of(const Plan* plan, const Tile* tile) noexcept nogil:
    """Where it starts in theta."""
    cdef const Block* block = &plan.blocks[tile.block]
    return block.offset + tile.row * block.cols + tile.column


cdef inline void penalise_matrix(
    const Plan* plan, const Rules* rules, const Tile* tile, const floating* theta, floating* change, Py_ssize_t ld,
) noexcept nogil:
    cdef Py_ssize_t pieces = n_pieces(plan, tile), n = tile.n_rows * tile.n_columns // pieces, i
    theta += start_of(plan, tile)
    for i in range(pieces):
        penalise_piece(rules, tile.block, n, theta + i * plan.blocks[tile.block].cols, change + i * ld)


cdef inline double apply_matrix(
    const Plan* plan, const Update* update, const Tile* tile, double factor, floating* theta, floating* change,
    Py_ssize_t ld, floating* state,
) noexcept nogil:
    cdef Py_ssize_t pieces = n_pieces(plan, tile), n = tile.n_rows * tile.n_columns // pieces, i
    cdef double largest = 0
    for i in range(pieces):
        largest = larger(largest, apply(
            plan, update, tile.block, factor, start_of(plan, tile) + i * plan.blocks[tile.block].cols, n, theta,
            change + i * ld, state))
    return largest


cdef inline double take_over_running(
    const Plan* plan, const Update* update, const Tile* tile, floating* theta, const floating* work,
) noexcept nogil:
    """Running means and variances of the units of a tile to where propagation found that they are to go; nan if one is not
    finite, else 0."""
    cdef const Layer* layer = &plan.layers[plan.blocks[tile.block].layer]
    cdef Py_ssize_t n = layer.fan_out, statistic, j
    cdef const floating* target = work + layer.statistics + 2 * n
    cdef double broken = 0
    if not update.moves_running or not meets_its_batch(layer) or tile.row != 0 or tile.block != layer.block:
        return 0
    for statistic in range(2):
        for j in range(statistic * n + tile.column, statistic * n + tile.column + tile.n_columns):
            theta[layer.running + j] = target[j]
            broken += 0 * target[j]
    return broken


# --- fused --------------------------------------------------------------------------------------------------
cdef inline double update_tile(
    const Plan* plan, const Batch* batch, const Update* update, const Tile* tile, floating* theta, floating* state,
    const floating* work, floating* scratch,
) noexcept nogil:
    cdef Py_ssize_t offset, vector
    cdef double largest
    matrix_gradient(plan, batch, tile, False, work, scratch, tile.n_columns)
    if update.rules != NULL:
        penalise_matrix(plan, update.rules, tile, <const floating*>theta, scratch, tile.n_columns)
    largest = apply_matrix(plan, update, tile, 1, theta, scratch, tile.n_columns, state)
    lap(batch.clock, UPDATE)
    for vector in range(tile.block + 1, tile.block + 1 + n_vectors(plan, tile)):
        offset = plan.blocks[vector].offset + tile.column
        vector_gradient(plan, batch, vector, tile, False, work, scratch)
        if update.rules != NULL:
            penalise_piece(update.rules, vector, tile.n_columns, <const floating*>(theta + offset), scratch)
        largest = larger(largest, apply(plan, update, vector, 1, offset, tile.n_columns, theta, scratch, state))
        lap(batch.clock, UPDATE)
    return larger(largest, take_over_running(plan, update, tile, theta, work))


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
    cdef Py_ssize_t index, vector
    cdef Search search = Search(0, 0)
    cdef const Tile* tile
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return
        tile = &plan.tiles[index]
        matrix_gradient(plan, batch, tile, add, work, dtheta + start_of(plan, tile), plan.blocks[tile.block].cols)
        for vector in range(tile.block + 1, tile.block + 1 + n_vectors(plan, tile)):
            vector_gradient(plan, batch, vector, tile, add, work, dtheta + plan.blocks[vector].offset + tile.column)


cdef void finish_gradient(
    const Plan* plan, const Rules* rules, const floating* theta, floating* dtheta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index, i, pieces, offset, vector, cols
    cdef Search search = Search(0, 0)
    cdef double* squares
    cdef const Tile* tile
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return
        tile = &plan.tiles[index]
        squares = rules.squares + index
        offset, cols, pieces = start_of(plan, tile), plan.blocks[tile.block].cols, n_pieces(plan, tile)
        penalise_matrix(plan, rules, tile, theta, dtheta + offset, cols)
        for i in range(1 + MOST_VECTORS):
            squares[i * plan.n_tiles] = 0
        for i in range(pieces):
            squares[0] += sum_squares(
                <const floating*>(dtheta + offset + i * cols), tile.n_rows * tile.n_columns // pieces)
        for i in range(1, 1 + n_vectors(plan, tile)):
            vector = tile.block + i
            offset = plan.blocks[vector].offset + tile.column
            penalise_piece(rules, vector, tile.n_columns, theta + offset, dtheta + offset)
            squares[i * plan.n_tiles] = sum_squares(<const floating*>(dtheta + offset), tile.n_columns)


cdef double clipping_factor(const Plan* plan, const Rules* rules, Py_ssize_t block) noexcept nogil:
    """What makes the gradient, or that of this block if each is clipped by itself, no longer than clip_norm."""
    cdef Py_ssize_t index, i
    cdef double total = 0, norm
    if rules == NULL or rules.clip_norm == INFINITY:
        return 1
    for index in range(plan.n_tiles):
        for i in range(1 + MOST_VECTORS):
            if not rules.by_block or plan.tiles[index].block + i == block:
                total += rules.squares[i * plan.n_tiles + index]
    norm = sqrt(total)
    return rules.clip_norm / norm if norm > rules.clip_norm else 1


cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, const floating* work,
    Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t index, offset, vector
    cdef double largest = 0, factor = clipping_factor(plan, update.rules, 0)
    cdef bint by_block = update.rules != NULL and update.rules.by_block
    cdef Search search = Search(0, 0)
    cdef const Tile* tile
    while True:
        index = next_task(team, &search, plan.n_tiles, thread, n_threads)
        if index < 0:
            return largest
        tile = &plan.tiles[index]
        if by_block:
            factor = clipping_factor(plan, update.rules, tile.block)
        largest = larger(largest, apply_matrix(
            plan, update, tile, factor, theta, dtheta + start_of(plan, tile), plan.blocks[tile.block].cols, state))
        for vector in range(tile.block + 1, tile.block + 1 + n_vectors(plan, tile)):
            offset = plan.blocks[vector].offset + tile.column
            if by_block:
                factor = clipping_factor(plan, update.rules, vector)
            largest = larger(largest, apply(
                plan, update, vector, factor, offset, tile.n_columns, theta, dtheta + offset, state))
        largest = larger(largest, take_over_running(plan, update, tile, theta, work))


# --- after an update ----------------------------------------------------------------------------------------
cdef inline void limit_panel(
    const Block* block, double most, Py_ssize_t column, Py_ssize_t n_columns, floating* W,
) noexcept nogil:
    """Columns of W (rows, cols) longer than `most`, times what makes them that long."""
    cdef Py_ssize_t i, j
    cdef double[PANEL] total
    cdef floating[PANEL] factor
    cdef floating* row
    for j in range(n_columns):
        total[j] = 0
    for i in range(block.rows):
        row = W + i * block.cols + column
        for j in range(n_columns):
            total[j] += <double>row[j] * row[j]
    for j in range(n_columns):
        factor[j] = <floating>(most / sqrt(total[j]) if total[j] > most * most else 1)
    for i in range(block.rows):
        row = W + i * block.cols + column
        for j in range(n_columns):
            row[j] *= factor[j]


cdef inline Py_ssize_t panels_of(const Plan* plan, Py_ssize_t block) noexcept nogil:
    return n_tiles(plan.blocks[block].cols, PANEL) if plan.blocks[block].matrix else 0


cdef void limit_columns(
    const Plan* plan, const Rules* rules, floating* theta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_panels = 0, panel, index
    cdef double most
    cdef Search search = Search(0, 0)
    cdef const Block* block
    for index in range(plan.n_blocks):
        n_panels += panels_of(plan, index)
    while True:
        panel = next_task(team, &search, n_panels, thread, n_threads)
        if panel < 0:
            return
        index = 0
        while panel >= panels_of(plan, index):
            panel -= panels_of(plan, index)
            index += 1
        block = &plan.blocks[index]
        most = rules.blocks[N_RULES * index + MAX_NORM]
        if most > 0:
            limit_panel(block, most, panel * PANEL, min(<Py_ssize_t>PANEL, block.cols - panel * PANEL), theta + block.offset)


cdef void update_ema(
    const Plan* plan, const Rules* rules, const floating* theta, Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t piece, offset
    cdef Search search = Search(0, 0)
    while True:
        piece = next_task(team, &search, n_tiles(plan.n_variables, PIECE), thread, n_threads)
        if piece < 0:
            return
        offset = piece * PIECE
        move_ema(<floating*>rules.ema + offset, theta + offset, min(<Py_ssize_t>PIECE, plan.n_variables - offset),
                 rules.ema_share)


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
    cdef Py_ssize_t index
    cdef double total = 0
    cdef const Block* block
    for index in range(plan.n_blocks):
        block = &plan.blocks[index]
        total += penalty_of(rules.blocks + N_RULES * index, theta + block.offset, block.rows * block.cols)
    return total
