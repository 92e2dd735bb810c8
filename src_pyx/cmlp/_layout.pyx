"""The work space and the grid of tiles, from the shapes alone: never from the number of threads.

Because every sum is cut at the same places and added in the same order whoever works on a tile, the bits of a result do
not depend on the threads. What was measured for the sizes below is in docs/design/determinism.rst.
"""

from cmlp._plan cimport LINE, MOST_STAGES, NO_SOURCE, NONE, Block, Layer, Stages, n_tiles, place
from cmlp._products cimport can_skip_zeros, has_tiles
from cmlp._stages cimport STAGES, WHOLE_COLUMNS, WHOLE_ROWS, Extent, n_stages

cdef enum:
    TASKS = 16                           # tiles that the propagation of a layer is cut into, if its rows allow
    SMALL_NET = 256 * 1024               # bytes of theta that stay in a core's own cache beside a block of rows
    WATCHED = 10 * 1000 * 1000           # multiplications in a step from which signals are looked for inside it
    MANY_INPUTS = 64                     # from which, and from so many units of the first layer, zeros of X are looked for
    MANY_UNITS = 16
    SPARSE_TILE = 32 * 1024              # numbers of a tile of dW, if X is sparse: it looks through all rows of the batch
    PANEL = 64                           # columns normalised over the batch by one thread
    LONG_CALL = 1000 * 1000              # parameters from which a call of the core may last longer (cmlp/training.py)


cdef Py_ssize_t tile_width(Py_ssize_t width, Py_ssize_t largest) noexcept:
    """`width` cut into equal tiles of at most `largest`, rounded up to a multiple of 16 so that rows stay aligned."""
    cdef Py_ssize_t equal = n_tiles(width, n_tiles(width, largest))
    return min(n_tiles(equal, 16) * 16, width)


cdef Py_ssize_t tile_height(Py_ssize_t height, Py_ssize_t largest) noexcept:
    """`height` cut into equal tiles of about `largest`, an even number of them where that leaves eight rows to each."""
    cdef Py_ssize_t n = n_tiles(height, largest)
    n = n_tiles(n, 4) * 4 if n > 2 else 2
    return min(max(n_tiles(height, n), <Py_ssize_t>8), height)


cdef Py_ssize_t block_of(Py_ssize_t rows) noexcept:
    """Rows worked on together: enough to make use of each row of W that is read, few enough to go round among threads."""
    return 128 if 512 <= rows else 32 if 64 <= rows else 16


cdef Py_ssize_t task_rows(const Plan* plan, Py_ssize_t width, Py_ssize_t columns) noexcept:
    """As many as leave a task for each of TASKS threads: what is packed of W then serves more rows."""
    cdef Py_ssize_t n_down = n_tiles(TASKS, n_tiles(width, columns))
    return max(plan.block_rows, n_tiles(plan.capacity, n_down))


cdef void cut(Plan* plan, Layer* layer, bint whole_rows, bint whole_rows_before) noexcept:
    """The tiles of a layer. Rows of Z and of dA_prev stay whole where the function that follows needs the whole row."""
    if has_tiles():
        layer.forward_columns = layer.fan_out if layer.fan_out <= 128 else tile_width(layer.fan_out, 64)
        layer.backward_columns = tile_width(layer.fan_in, 64)
        layer.gradient_columns = tile_width(layer.fan_out, 512)
        layer.gradient_rows = tile_height(layer.fan_in, 96 if layer.fan_out > 512 else 48)
    else:
        layer.forward_columns = tile_width(layer.fan_out, 128)
        layer.backward_columns = tile_width(layer.fan_in, 128)
        layer.gradient_columns = tile_width(layer.fan_out, 128)
        layer.gradient_rows = tile_width(layer.fan_in, 128)
    if whole_rows:
        layer.forward_columns = layer.fan_out
    if whole_rows_before:
        layer.backward_columns = layer.fan_in
    layer.forward_rows = task_rows(plan, layer.fan_out, layer.forward_columns)
    layer.backward_rows = task_rows(plan, layer.fan_in, layer.backward_columns)


cdef void list_stages(Stages* stages, const Layer* layer) noexcept:
    cdef int row
    cdef Extent extent
    stages.n, stages.by_columns, stages.whole_rows, stages.plain = 0, MOST_STAGES, False, True
    for row in range(n_stages):
        if not STAGES[row].belongs(layer):
            continue
        extent = STAGES[row].extent(layer)
        stages.whole_rows = stages.whole_rows or extent == WHOLE_ROWS
        if extent == WHOLE_COLUMNS:
            stages.by_columns = min(stages.by_columns, stages.n)
        stages.plain = stages.plain and STAGES[row].plain
        stages.rows[stages.n] = row
        stages.n += 1
    stages.by_columns = min(stages.by_columns, stages.n)


cdef void place_values(Plan* plan, Layer* layer, const Stages* stages) noexcept:
    """What its stages need, each behind those before it."""
    cdef int i
    layer.hat = layer.mask = layer.dscale = layer.dslope = layer.statistics = NONE
    for i in range(stages.n):
        STAGES[stages.rows[i]].place(plan, layer)


cdef void place_samples(Plan* plan) noexcept:
    cdef Py_ssize_t rows = plan.capacity
    plan.X = place(plan, 0 if plan.sparse else rows * plan.n_inputs)
    plan.X_mask = place(plan, rows * plan.n_inputs) if plan.input_dropout > 0 else NONE
    plan.Y = place(plan, rows * plan.n_targets)
    plan.sample_weight = place(plan, rows)


cdef int lay_out(Plan* plan) except -1:
    cdef Py_ssize_t l
    cdef Layer* layer
    cdef Stages* stages
    plan.n_work, plan.n_scratch, plan.panel = 0, 0, PANEL
    plan.has_residuals = False
    plan.by_layer = plan.n_params * plan.itemsize > SMALL_NET or plan.own_loss
    plan.watched = plan.capacity * plan.n_params > WATCHED or plan.n_params > LONG_CALL
    plan.may_skip = can_skip_zeros() and not plan.sparse
    plan.may_skip = plan.may_skip and plan.n_inputs >= MANY_INPUTS and plan.layers[0].fan_out >= MANY_UNITS
    plan.block_rows = block_of(plan.capacity) if has_tiles() else 128
    place_samples(plan)
    for l in range(plan.n_layers):
        layer, stages = &plan.layers[l], &plan.stages[l]
        list_stages(stages, layer)
        place_values(plan, layer, stages)
        plan.by_layer = plan.by_layer or stages.by_columns < stages.n
        plan.has_residuals = plan.has_residuals or layer.source != NO_SOURCE
        cut(plan, layer, stages.whole_rows, l > 0 and plan.stages[l - 1].whole_rows)
        if plan.sparse and l == 0:
            layer.gradient_rows = min(max(SPARSE_TILE // layer.gradient_columns, <Py_ssize_t>48), layer.fan_in)
        plan.n_scratch = max(plan.n_scratch, layer.gradient_rows * layer.gradient_columns)
    plan.n_scratch = n_tiles(plan.n_scratch * plan.itemsize, LINE) * (LINE // plan.itemsize)
    return 0


cdef list list_tiles(const Plan* plan):
    """By how far along its block a tile is, so that threads which take equal parts of the list have equal work."""
    cdef const Layer* layer
    cdef const Block* block
    tiles = []
    for index in range(plan.n_blocks):
        block = &plan.blocks[<Py_ssize_t>index]
        if not block.matrix:
            continue
        layer = &plan.layers[block.layer]
        down, across = layer.gradient_rows, layer.gradient_columns
        corners = [(row, column) for column in range(0, block.cols, across) for row in range(0, block.rows, down)]
        for i, (row, column) in enumerate(corners):
            tile = (index, row, min(down, block.rows - row), column, min(across, block.cols - column))
            tiles.append(((i + 0.5) / len(corners), tile))
    return [tile for _, tile in sorted(tiles)]
