"""Forward propagation, the loss, and the delta recursion, by tiles. Equations: cmlp/reference/propagation.py.

A small network is worked by blocks of rows, each through all layers at once; a larger one, or one with batch normalisation,
layer by layer, in tiles of rows and columns, with a barrier after each. Both call the same tile functions.
"""

from cython cimport floating
from libc.string cimport memcpy

from cmlp._activation_table cimport ACTIVATION, activation_backward, activation_forward
from cmlp._after cimport (
    activate, activate_backward, after_product, after_panel, before_panel, before_product, start_of_gradient, takes_panels,
)
from cmlp._clock cimport ELEMENTWISE, GATHER, LOSS, PRODUCTS, lap
from cmlp._loss_table cimport loss_gradient
from cmlp._own_loss cimport ask
from cmlp._plan cimport is_plain, n_tiles
from cmlp._product_loops cimport csr_product, skip_zeros
from cmlp._products cimport gemm_nn, gemm_nt
from cmlp._random cimport Draw
from cmlp._row_loops cimport add_noise, count_nonzeros, draw_mask, gather, multiply_rows
from cmlp._team cimport Search, leave, next_task


cdef enum:
    SKIP_BELOW = 30              # percent of X


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
    cdef const floating* A_prev
    cdef const floating* W = theta + layer.W + column
    cdef floating* Z = work + layer.Z + row * layer.fan_out + column
    cdef const floating* b = <const floating*>NULL
    if layer.b >= 0:
        b = theta + layer.b + column
    # Z (n_rows, n_columns) = b + A_prev (n_rows, fan_in) . W (fan_in, n_columns)
    A_prev = input_of(plan, batch, l, work) + row * layer.fan_in
    if l == 0 and plan.sparse:
        csr_product(&batch.X, batch.order, batch.start + row, n_rows, W, layer.fan_out, n_columns, b, 0, Z, layer.fan_out)
    elif l == 0 and mostly_zeros(plan, batch, row, n_rows):
        skip_zeros(
            False, n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    else:
        gemm_nn(n_rows, n_columns, layer.fan_in, A_prev, layer.fan_in, W, layer.fan_out, b, 0, Z, layer.fan_out)
    lap(batch.clock, PRODUCTS)
    if l == plan.n_layers - 1 and plan.link:
        return
    if is_plain(layer):
        # A = f(Z)
        activate(layer, <const floating*>Z, work + layer.A + row * layer.fan_out + column, n_rows, n_columns)
    elif not takes_panels(layer, batch):
        after_product(plan, batch, l, row, n_rows, column, n_columns, theta, work)
    lap(batch.clock, ELEMENTWISE)


cdef inline void backward_tile(
    const Plan* plan, const Batch* batch, Py_ssize_t l, Py_ssize_t row, Py_ssize_t n_rows, Py_ssize_t column,
    Py_ssize_t n_columns, const floating* theta, floating* work,
) noexcept nogil:
    """dZ of one tile of layer l - 1, from dZ of layer l; dN, where the rest is done by panels."""
    cdef const Layer* layer = &plan.layers[l]
    cdef const Layer* before = &plan.layers[l - 1]
    cdef Py_ssize_t offset = row * before.fan_out + column
    cdef floating* dout = work + before.dout + offset
    cdef const floating* S = <const floating*>NULL
    if plan.has_residuals:
        S = start_of_gradient(plan, l - 1, row, n_rows, column, n_columns, theta, work)
    # dout_prev (n_rows, n_columns) = S + dZ (n_rows, fan_out) . W^T (fan_out, n_columns)
    gemm_nt(n_rows, n_columns, layer.fan_out, <const floating*>(work + layer.dZ + row * layer.fan_out), layer.fan_out,
            theta + layer.W + column * layer.fan_out, layer.fan_out, S, before.fan_out, dout, before.fan_out)
    lap(batch.clock, PRODUCTS)
    if is_plain(before):
        # dZ_prev = dA_prev * f'(Z_prev)
        activate_backward(before, <const floating*>(work + before.Z + offset), <const floating*>(work + before.A + offset),
                          dout, n_rows, n_columns)
    else:
        before_product(plan, batch, l - 1, row, n_rows, column, n_columns, theta, work)
    lap(batch.clock, ELEMENTWISE)


cdef inline void gather_inputs(
    const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows, floating* work,
) noexcept nogil:
    cdef const floating* X = input_of(plan, batch, 0, <const floating*>work)
    if plan.sparse:
        return
    if X == work + plan.X:
        gather(&batch.X, batch.order, batch.start + row, n_rows, plan.n_inputs, work + plan.X + row * plan.n_inputs)
    if disturbs(plan, batch):
        disturb(plan, batch, row, n_rows, work)
    if plan.may_skip:
        batch.nonzeros[row // plan.block_rows] = count_nonzeros(X + row * plan.n_inputs, n_rows * plan.n_inputs)
    lap(batch.clock, GATHER)


cdef void disturb(
    const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows, floating* work,
) noexcept nogil:
    """Noise and dropout on rows of X."""
    cdef Py_ssize_t offset = row * plan.n_inputs
    cdef floating* X = work + plan.X + offset
    cdef Draw draw = batch.draw
    draw.layer = 0
    if plan.input_noise > 0 and batch.training:
        add_noise(&draw, plan.input_noise, batch.first + row, n_rows, plan.n_inputs, X)
    if plan.input_dropout > 0:
        draw_mask(&draw, plan.input_dropout, batch.first + row, 0, plan.n_inputs, n_rows, plan.n_inputs,
                  work + plan.X_mask + offset)
        multiply_rows(<const floating*>(work + plan.X_mask + offset), <const floating*>X, plan.n_inputs, n_rows,
                      plan.n_inputs, X)


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
    if plan.own_loss:
        return
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


cdef inline void propagate_panels(
    const Plan* plan, const Batch* batch, Py_ssize_t l, bint forward, const floating* theta, floating* work, Team* team,
    int thread, int n_threads,
) noexcept nogil:
    """What needs whole columns of layer l, all rows of the batch: its normalisation and what comes after it.

    In one panel where the activation needs whole rows too.
    """
    cdef Py_ssize_t width = plan.layers[l].fan_out, panel, column, n_columns
    cdef Py_ssize_t widest = plan.panel if ACTIVATION[plan.layers[l].activation].elementwise else width
    cdef Search search = Search(0, 0)
    while True:
        panel = next_task(team, &search, n_tiles(width, widest), thread, n_threads)
        if panel < 0 or (plan.watched and leave(team, thread)):
            return
        column = panel * widest
        n_columns = min(widest, width - column)
        if forward:
            after_panel(plan, batch, l, column, n_columns, theta, work)
        else:
            before_panel(plan, batch, l, column, n_columns, theta, work)
        lap(batch.clock, ELEMENTWISE)


cdef inline void gather_or_finish(
    const Plan* plan, const Batch* batch, Goal goal, bint finish, floating* work, Team* team, int thread, int n_threads,
) noexcept nogil:
    """What happens to each block of rows before the first layer, or behind the last."""
    cdef Py_ssize_t block, row, n_rows
    cdef Search search = Search(0, 0)
    while True:
        block = next_task(team, &search, n_tiles(batch.n_rows, plan.block_rows), thread, n_threads)
        if block < 0 or (plan.watched and leave(team, thread)):
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
        if takes_panels(&plan.layers[l], batch):
            propagate_panels(plan, batch, l, True, theta, work, team, thread, n_threads)
            meet(batch, team, n_threads)
    gather_or_finish(plan, batch, goal, True, work, team, thread, n_threads)
    if plan.own_loss and (goal == COST or goal == GRADIENT):
        meet(batch, team, n_threads)
        if thread == 0:
            ask(batch.own_loss, batch.n_rows, batch.scale, batch.block_loss, n_tiles(batch.n_rows, plan.block_rows), team)
            lap(batch.clock, LOSS)
    if goal != GRADIENT:
        return
    for l in range(plan.n_layers - 1, 0, -1):
        meet(batch, team, n_threads)
        propagate_layer(plan, batch, l, False, theta, work, team, thread, n_threads)
        if takes_panels(&plan.layers[l - 1], batch):
            meet(batch, team, n_threads)
            propagate_panels(plan, batch, l - 1, False, theta, work, team, thread, n_threads)


cdef void propagate(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    if plan.by_layer:
        propagate_by_layer(plan, batch, goal, theta, work, team, thread, n_threads)
    else:
        propagate_by_rows(plan, batch, goal, theta, work, team, thread, n_threads)
