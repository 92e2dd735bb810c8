"""The work space and the grid of tiles, from the shapes alone: never from the number of threads.

Because every sum is cut at the same places and added in the same order whoever works on a tile, the bits of a result do
not depend on the threads. What was measured for the sizes below is in docs/design/determinism.rst.
"""

from cmlp._activation_table cimport ACTIVATION
from cmlp._norm_table cimport NORM
from cmlp._products cimport can_skip_zeros, has_tiles

cdef enum:
    LINE = 64                            # bytes of a cache line; every block of the work space starts on one
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


cdef Py_ssize_t place(Py_ssize_t* end, Py_ssize_t n, Py_ssize_t itemsize) noexcept:
    """The offset of n numbers put behind those placed before."""
    cdef Py_ssize_t start = end[0]
    end[0] = start + n_tiles(n * itemsize, LINE) * (LINE // itemsize)
    return start


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


cdef bint needs_whole_rows(const Layer* layer) noexcept:
    return not ACTIVATION[layer.activation].elementwise or (layer.norm != NONE and not NORM[layer.norm].by_columns)


cdef void place_values(Plan* plan, Layer* layer, Py_ssize_t* end, Py_ssize_t itemsize) noexcept:
    """Z, hat, N, A, out: each where the one before lies, unless that is still needed."""
    cdef Py_ssize_t n = plan.capacity * layer.fan_out
    cdef bint has_norm = layer.norm != NONE, needs_N = ACTIVATION[layer.activation].needs_Z
    layer.A = place(end, n, itemsize)
    layer.N = place(end, n, itemsize) if needs_N or plan.keep_Z else layer.A
    layer.Z = place(end, n, itemsize) if has_norm else layer.N
    layer.hat = NONE if not has_norm else place(end, n, itemsize) if plan.keep_Z else layer.Z
    layer.out = place(end, n, itemsize) if layer.dropout > 0 or layer.source != NO_SOURCE else layer.A
    layer.mask = place(end, n, itemsize) if layer.dropout > 0 else NONE
    layer.statistics = place(end, 4 * max(layer.fan_out, plan.capacity), itemsize) if has_norm else NONE


cdef void place_gradients(Plan* plan, Layer* layer, Py_ssize_t* end, Py_ssize_t itemsize) noexcept:
    """dZ, dN, dout likewise, and what the blocks of parameters are made from."""
    cdef Py_ssize_t n = plan.capacity * layer.fan_out, v
    cdef Block* block
    layer.dZ = place(end, n, itemsize)
    layer.dN = place(end, n, itemsize) if layer.norm != NONE else layer.dZ
    layer.dout = layer.dN
    if layer.source != NO_SOURCE or (plan.keep_Z and layer.dropout > 0):
        layer.dout = place(end, n, itemsize)
    layer.dscale = place(end, n, itemsize) if layer.norm != NONE else NONE
    layer.dslope = place(end, n, itemsize) if layer.slope != NONE else NONE
    for v in range(layer.block, layer.block + 1 + layer.n_vectors):
        block = &plan.blocks[v]
        if block.offset == layer.scale:
            block.delta = layer.dscale
        elif block.offset == layer.shift:
            block.delta = layer.dN
        elif block.offset == layer.slope:
            block.delta = layer.dslope
        else:
            block.delta = layer.dZ
    if layer.P != NONE:
        plan.blocks[layer.block + 1 + layer.n_vectors].delta = layer.dout


cdef int lay_out(Plan* plan, Py_ssize_t itemsize) except -1:
    cdef Py_ssize_t rows = plan.capacity, end = 0, l
    cdef Layer* layer
    cdef bint whole_rows = False, whole_rows_before
    plan.n_scratch = 0
    plan.panel = PANEL
    plan.has_residuals = False
    plan.by_layer = plan.n_params * itemsize > SMALL_NET or plan.own_loss
    plan.watched = rows * plan.n_params > WATCHED or plan.n_params > LONG_CALL
    plan.may_skip = can_skip_zeros() and not plan.sparse
    plan.may_skip = plan.may_skip and plan.n_inputs >= MANY_INPUTS and plan.layers[0].fan_out >= MANY_UNITS
    plan.block_rows = block_of(rows) if has_tiles() else 128
    plan.X = place(&end, 0 if plan.sparse else rows * plan.n_inputs, itemsize)
    plan.X_mask = place(&end, rows * plan.n_inputs, itemsize) if plan.input_dropout > 0 else NONE
    plan.Y = place(&end, rows * plan.n_targets, itemsize)
    plan.sample_weight = place(&end, rows, itemsize)
    for l in range(plan.n_layers):
        layer = &plan.layers[l]
        place_values(plan, layer, &end, itemsize)
        place_gradients(plan, layer, &end, itemsize)
        whole_rows_before = whole_rows
        whole_rows = needs_whole_rows(layer)
        plan.by_layer = plan.by_layer or meets_its_batch(layer)
        plan.has_residuals = plan.has_residuals or layer.source != NO_SOURCE
        cut(plan, layer, whole_rows, whole_rows_before)
        if plan.sparse and l == 0:
            layer.gradient_rows = min(max(SPARSE_TILE // layer.gradient_columns, <Py_ssize_t>48), layer.fan_in)
        plan.n_scratch = max(plan.n_scratch, layer.gradient_rows * layer.gradient_columns)
    plan.n_scratch = n_tiles(plan.n_scratch * itemsize, LINE) * (LINE // itemsize)
    plan.n_work = end
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
