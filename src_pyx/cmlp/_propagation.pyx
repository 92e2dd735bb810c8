"""Forward propagation, the loss, and the delta recursion, by tiles. Equations: cmlp/reference/propagation.py.

A small network is worked by blocks of rows, each through all layers at once; a larger one layer by layer, in tiles of
rows and columns, with a barrier after each. Both call the same three tile functions.
"""

from cython cimport floating
from libc.string cimport memcpy

from cmlp._products cimport gemm_nn, gemm_nt, gemm_skipping
from cmlp._clock cimport ELEMENTWISE, GATHER, LOSS, PRODUCTS, lap
from cmlp._plan cimport n_tiles
from cmlp._registry cimport activation_backward, activation_forward, count_nonzeros, gather, loss_gradient
from cmlp._source cimport in_place
from cmlp._team cimport Search, leave, next_task


cdef enum:
    SKIP_BELOW = 30              # percent of X


cdef const floating* input_of(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const floating* work,
) noexcept nogil:
    cdef const floating* X
    if l > 0:
        return work + plan.layers[l - 1].A
    X = in_place(&batch.X, batch.order, batch.start, plan.n_inputs, work)
    return X if X != NULL else work + plan.X


cdef bint mostly_zeros(const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows) noexcept nogil:
    cdef Py_ssize_t block, total = 0, first = row // plan.block_rows
    if not plan.may_skip:
        return False
    for block in range(first, n_tiles(row + n_rows, plan.block_rows)):
        total += batch.nonzeros[block]
    return total * 100 < SKIP_BELOW * n_rows * plan.n_inputs


cdef double sum_blocks(const Plan* plan, const Batch* batch) noexcept nogil:
    cdef Py_ssize_t block
    cdef double total = 0
    for block in range(n_tiles(batch.n_rows, plan.block_rows)):
        total += batch.block_loss[block]
    return total


# --- tiles --------------------------------------------------------------------------------------------------
cdef inline void forward_tile(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* theta, floating* work,
) noexcept nogil:
    """Z and A of one tile of layer l."""
    cdef const Layer* layer = &plan.layers[l]
    cdef const floating* A_prev = input_of(plan, batch, l, work) + row * layer.fan_in
    cdef const floating* W = theta + layer.W + column
    cdef floating* Z = work + layer.Z + row * layer.fan_out + column
    cdef floating* A = work + layer.A + row * layer.fan_out + column
    cdef const floating* b = <const floating*>NULL
    cdef Py_ssize_t i
    if layer.bias:
        b = theta + layer.b + column
    # Z (n_rows, n_columns) = b + A_prev (n_rows, fan_in) . W (fan_in, n_columns)
    if l == 0 and mostly_zeros(plan, batch, row, n_rows):
        gemm_skipping(
            False, n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    else:
        gemm_nn(n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    lap(batch.clock, PRODUCTS)
    # A = f(Z)
    if l == plan.n_layers - 1 and plan.link:
        return
    if n_columns == layer.fan_out:
        activation_forward(layer.activation, Z, A, n_rows, n_columns, layer.parameter)
    else:
        for i in range(n_rows):
            activation_forward(layer.activation, Z + i * layer.fan_out, A + i * layer.fan_out, 1, n_columns, layer.parameter)
    lap(batch.clock, ELEMENTWISE)


cdef inline void backward_tile(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* theta, floating* work,
) noexcept nogil:
    """dZ of one tile of layer l - 1, from dZ of layer l."""
    cdef const Layer* layer = &plan.layers[l]
    cdef const Layer* before = &plan.layers[l - 1]
    cdef Py_ssize_t i, offset = row * before.fan_out + column
    cdef const floating* Z = work + before.Z + offset
    cdef const floating* A = work + before.A + offset
    cdef floating* dZ = work + before.dZ + offset
    # dA_prev (n_rows, n_columns) = dZ (n_rows, fan_out) . W^T (fan_out, n_columns)
    gemm_nt(n_rows, n_columns, layer.fan_out, <const floating*>(work + layer.dZ + row * layer.fan_out), layer.fan_out,
            theta + layer.W + column * layer.fan_out, layer.fan_out, <const floating*>NULL, 0, dZ, before.fan_out)
    lap(batch.clock, PRODUCTS)
    # dZ_prev = dA_prev * f'(Z_prev)
    if n_columns == before.fan_out:
        activation_backward(before.activation, Z, A, dZ, n_rows, n_columns, before.parameter)
    else:
        for i in range(n_rows):
            offset = i * before.fan_out
            activation_backward(before.activation, Z + offset, A + offset, dZ + offset, 1, n_columns, before.parameter)
    lap(batch.clock, ELEMENTWISE)


cdef inline void gather_inputs(
    const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows, floating* work,
) noexcept nogil:
    cdef const floating* X = input_of(plan, batch, 0, <const floating*>work)
    if X == work + plan.X:
        gather(&batch.X, batch.order, batch.start + row, n_rows, plan.n_inputs, work + plan.X + row * plan.n_inputs)
    if plan.may_skip:
        batch.nonzeros[row // plan.block_rows] = count_nonzeros(X + row * plan.n_inputs, n_rows * plan.n_inputs)
    lap(batch.clock, GATHER)


cdef inline void gather_weights(const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows, floating* out) noexcept nogil:
    cdef Py_ssize_t i, first = batch.start + row
    for i in range(n_rows):
        out[i] = <floating>batch.sample_weight[first + i if batch.order == NULL else batch.order[first + i]]


cdef inline void finish_rows(
    const Plan* plan, const Batch* batch, Goal goal, Py_ssize_t row, Py_ssize_t n_rows, floating* work,
) noexcept nogil:
    """What happens behind the last product: the link and the outputs, or the loss and dZ of the last layer."""
    cdef const Layer* last = &plan.layers[plan.n_layers - 1]
    cdef Py_ssize_t offset = row * plan.n_outputs
    cdef floating* Z = work + last.Z + offset
    cdef floating* A = work + last.A + offset
    cdef floating* dZ = work + last.dZ + offset
    cdef floating* Y = work + plan.Y + row * plan.n_targets
    cdef floating* sample_weight = NULL
    if goal == SCORES or goal == OUTPUTS:
        if goal == OUTPUTS and plan.link:
            activation_forward(last.activation, Z, A, n_rows, plan.n_outputs, last.parameter)
        memcpy(<floating*>batch.out + batch.start * plan.n_outputs + offset, Z if goal == SCORES and plan.link else A,
               n_rows * plan.n_outputs * sizeof(floating))
        return
    gather(&batch.Y, batch.order, batch.start + row, n_rows, plan.n_targets, Y)
    if batch.sample_weight != NULL:
        sample_weight = work + plan.sample_weight + row
        gather_weights(batch, row, n_rows, sample_weight)
    lap(batch.clock, GATHER)
    batch.block_loss[row // plan.block_rows] = loss_gradient(
        plan.loss, <const floating*>(Z if plan.link else A), <const floating*>Y, <const floating*>sample_weight, dZ, n_rows,
        plan.n_outputs, plan.n_targets, batch.scale, plan.loss_values)
    lap(batch.clock, LOSS)
    if not plan.link:
        activation_backward(
            last.activation, <const floating*>Z, <const floating*>A, dZ, n_rows, plan.n_outputs, last.parameter)
        lap(batch.clock, ELEMENTWISE)


# --- the two orders -----------------------------------------------------------------------------------------
cdef inline void propagate_by_rows(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    """Each block of rows through all layers, and back."""
    cdef Py_ssize_t n_blocks = n_tiles(batch.n_rows, plan.block_rows), block, row, n_rows, l
    cdef Search search = Search(0, 0)
    while True:
        block = next_task(team, &search, n_blocks, thread, n_threads)
        if block < 0 or (plan.watched and leave(team, thread)):
            return
        row = block * plan.block_rows
        n_rows = min(plan.block_rows, batch.n_rows - row)
        gather_inputs(plan, batch, row, n_rows, work)
        for l in range(plan.n_layers):
            forward_tile(plan, batch, l, row, n_rows, 0, plan.layers[l].fan_out, theta, work)
        finish_rows(plan, batch, goal, row, n_rows, work)
        if goal == GRADIENT:
            for l in range(plan.n_layers - 1, 0, -1):
                backward_tile(plan, batch, l, row, n_rows, 0, plan.layers[l].fan_in, theta, work)


cdef inline void propagate_layer(
    const Plan* plan, const Batch* batch, Py_ssize_t l, bint forward, const floating* theta, floating* work, Team* team,
    int thread, int n_threads,
) noexcept nogil:
    """All tiles of Z of layer l, or of dA_prev."""
    cdef const Layer* layer = &plan.layers[l]
    cdef Py_ssize_t width = layer.fan_out if forward else layer.fan_in
    cdef Py_ssize_t columns = layer.forward_columns if forward else layer.backward_columns
    cdef Py_ssize_t rows = layer.forward_rows if forward else layer.backward_rows
    cdef Py_ssize_t n_down = n_tiles(batch.n_rows, rows), n_all = n_down * n_tiles(width, columns)
    cdef Py_ssize_t tile, row, n_rows, column, n_columns
    cdef Search search = Search(0, 0)
    while True:
        tile = next_task(team, &search, n_all, thread, n_threads)
        if tile < 0 or (plan.watched and leave(team, thread)):
            return
        row = tile % n_down * rows                         # column by column: these columns of W stay in cache
        n_rows = min(rows, batch.n_rows - row)
        column = tile // n_down * columns
        n_columns = min(columns, width - column)
        if forward:
            forward_tile(plan, batch, l, row, n_rows, column, n_columns, theta, work)
        else:
            backward_tile(plan, batch, l, row, n_rows, column, n_columns, theta, work)


cdef inline void gather_or_finish(
    const Plan* plan, const Batch* batch, Goal goal, bint finish, floating* work, Team* team, int thread, int n_threads,
) noexcept nogil:
    """What happens to each block of rows before the first layer, or behind the last."""
    cdef Py_ssize_t block, row, n_rows
    cdef Search search = Search(0, 0)
    while True:
        block = next_task(team, &search, n_tiles(batch.n_rows, plan.block_rows), thread, n_threads)
        if block < 0:
            return
        row = block * plan.block_rows
        n_rows = min(plan.block_rows, batch.n_rows - row)
        if finish:
            finish_rows(plan, batch, goal, row, n_rows, work)
        else:
            gather_inputs(plan, batch, row, n_rows, work)


cdef inline void propagate_by_layer(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t l
    gather_or_finish(plan, batch, goal, False, work, team, thread, n_threads)
    meet(batch, team, n_threads)
    for l in range(plan.n_layers):
        propagate_layer(plan, batch, l, True, theta, work, team, thread, n_threads)
        meet(batch, team, n_threads)
    gather_or_finish(plan, batch, goal, True, work, team, thread, n_threads)
    if goal == GRADIENT:
        for l in range(plan.n_layers - 1, 0, -1):
            meet(batch, team, n_threads)
            propagate_layer(plan, batch, l, False, theta, work, team, thread, n_threads)


cdef void propagate(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    if plan.by_layer:
        propagate_by_layer(plan, batch, goal, theta, work, team, thread, n_threads)
    else:
        propagate_by_rows(plan, batch, goal, theta, work, team, thread, n_threads)
