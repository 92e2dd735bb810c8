"""Forward propagation, the loss, and the delta recursion, by tiles. Equations: cmlp/reference/propagation.py.

A small network is worked by blocks of rows, each through all layers at once; a larger one, or one with batch normalization,
layer by layer, in tiles of rows and columns, with a barrier after each. Both call the same tile functions.
"""

from cython cimport floating
from libc.string cimport memcpy

from cmlp._activation_table cimport activation_backward, activation_forward
from cmlp._batch cimport disturbs, input_of, meet
from cmlp._clock cimport ELEMENTWISE, GATHER, LOSS, lap
from cmlp._loss_table cimport loss_gradient
from cmlp._own_loss cimport ask
from cmlp._plan cimport Area, Layer, Stages, n_tiles
from cmlp._random cimport Draw
from cmlp._row_loops cimport add_noise, count_nonzeros, draw_mask, gather, multiply_rows
from cmlp._stage_activation cimport activate, activate_backward
from cmlp._stage_product cimport product_backward, product_forward
from cmlp._stages cimport backward_through, forward_through, n_by_tiles
from cmlp._team cimport Search, leave, next_task


# --- tiles --------------------------------------------------------------------------------------------------
cdef inline void forward_tile(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* theta, floating* work,
) noexcept nogil:
    """The stages of one tile of layer l: up to those that take panels, or, where the loss has a link, up to the logits."""
    cdef bint to_logits = plan.link and l == plan.n_layers - 1
    if plan.stages[l].plain:
        product_forward(plan, batch, l, area, theta, work)
        if not to_logits:
            activate(plan, batch, l, area, theta, work)
    else:
        forward_through(plan, batch, l, 0, 1 if to_logits else n_by_tiles(plan, batch, l), area, theta, work)
    lap(batch.clock, ELEMENTWISE)


cdef inline void backward_tile(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const Area* area, const floating* theta, floating* work,
) noexcept nogil:
    """dZ of one tile of layer l - 1, from dZ of layer l; or as far as the stages that take panels."""
    cdef int n, by_tiles
    product_backward(plan, batch, l, area, theta, work)
    if plan.stages[l - 1].plain:
        activate_backward(plan, batch, l - 1, area, theta, work)
    else:
        n, by_tiles = plan.stages[l - 1].n, n_by_tiles(plan, batch, l - 1)
        backward_through(plan, batch, l - 1, 1 if by_tiles == n else by_tiles + 1, n, area, theta, work)
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
    if goal == LOGITS or goal == OUTPUTS:
        if goal == OUTPUTS and plan.link:
            activation_forward(last.activation, Z, A, n_rows, plan.n_outputs, last.parameter)
        memcpy(<floating*>batch.out + batch.start * plan.n_outputs + offset, Z if goal == LOGITS and plan.link else A,
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
    cdef Py_ssize_t n_blocks = n_tiles(batch.n_rows, plan.block_rows), block, l
    cdef Search search = Search(0, 0)
    cdef Area area
    while True:
        block = next_task(team, &search, n_blocks, thread, n_threads)
        if block < 0 or (plan.watched and leave(team, thread)):
            return
        area.row, area.column = block * plan.block_rows, 0
        area.n_rows = min(plan.block_rows, batch.n_rows - area.row)
        gather_inputs(plan, batch, area.row, area.n_rows, work)
        for l in range(plan.n_layers):
            area.n_columns = plan.layers[l].fan_out
            forward_tile(plan, batch, l, &area, theta, work)
        finish_rows(plan, batch, goal, area.row, area.n_rows, work)
        if goal == GRADIENT:
            for l in range(plan.n_layers - 1, 0, -1):
                area.n_columns = plan.layers[l].fan_in
                backward_tile(plan, batch, l, &area, theta, work)


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
    cdef Py_ssize_t tile
    cdef Search search = Search(0, 0)
    cdef Area area
    while True:
        tile = next_task(team, &search, n_all, thread, n_threads)
        if tile < 0 or (plan.watched and leave(team, thread)):
            return
        area.row = tile % n_down * rows                    # column by column: these columns of W stay in cache
        area.n_rows = min(rows, batch.n_rows - area.row)
        area.column = tile // n_down * columns
        area.n_columns = min(columns, width - area.column)
        if forward:
            forward_tile(plan, batch, l, &area, theta, work)
        else:
            backward_tile(plan, batch, l, &area, theta, work)


cdef inline void propagate_panels(
    const Plan* plan, const Batch* batch, Py_ssize_t l, bint forward, const floating* theta, floating* work, Team* team,
    int thread, int n_threads,
) noexcept nogil:
    """The stages of layer l from the one on that needs whole columns, all rows of the batch; in one panel where one of them
    needs whole rows too."""
    cdef const Stages* stages = &plan.stages[l]
    cdef Py_ssize_t width = plan.layers[l].fan_out, widest = width if stages.whole_rows else plan.panel, panel
    cdef Search search = Search(0, 0)
    cdef Area area
    area.row, area.n_rows = 0, batch.n_rows
    while True:
        panel = next_task(team, &search, n_tiles(width, widest), thread, n_threads)
        if panel < 0 or (plan.watched and leave(team, thread)):
            return
        area.column = panel * widest
        area.n_columns = min(widest, width - area.column)
        if forward:
            forward_through(plan, batch, l, stages.by_columns, stages.n, &area, theta, work)
        else:
            backward_through(plan, batch, l, 1, stages.by_columns + 1, &area, theta, work)
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
        if n_by_tiles(plan, batch, l) < plan.stages[l].n:
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
        if n_by_tiles(plan, batch, l - 1) < plan.stages[l - 1].n:
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
