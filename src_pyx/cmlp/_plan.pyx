"""The work space and the grid of tiles, from the shapes alone: never from the number of threads.

Because every sum is cut at the same places and added in the same order whoever works on a tile, the bits of a result do
not depend on the threads. What was measured for the sizes below is in docs/design.rst.
"""

from cmlp._products cimport can_skip_zeros, has_tiles
from cmlp._registry cimport ACTIVATION

cdef enum:
    LINE = 64                            # bytes of a cache line; every block of the work space starts on one
    TASKS = 16                           # tiles that the propagation of a layer is cut into, if its rows allow
    SMALL_NET = 256 * 1024               # bytes of theta that stay in a core's own cache beside a block of rows
    WATCHED = 10 * 1000 * 1000           # multiplications in a step from which signals are looked for inside it
    MANY_INPUTS = 64                     # from which, and from so many units of the first layer, zeros of X are looked for
    MANY_UNITS = 16
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


cdef int lay_out(Plan* plan, Py_ssize_t itemsize) except -1:
    cdef Py_ssize_t rows = plan.capacity, end = 0, l
    cdef Layer* layer
    cdef bint whole_rows = False, whole_rows_before, keep_Z
    plan.n_scratch = 0
    plan.by_layer = plan.n_params * itemsize > SMALL_NET
    plan.watched = rows * plan.n_params > WATCHED or plan.n_params > LONG_CALL
    plan.may_skip = can_skip_zeros() and plan.n_inputs >= MANY_INPUTS and plan.layers[0].fan_out >= MANY_UNITS
    plan.block_rows = block_of(rows) if has_tiles() else 128
    plan.X = place(&end, rows * plan.n_inputs, itemsize)
    plan.Y = place(&end, rows * plan.n_targets, itemsize)
    plan.sample_weight = place(&end, rows, itemsize)
    for l in range(plan.n_layers):
        layer = &plan.layers[l]
        layer.A = place(&end, rows * layer.fan_out, itemsize)
        keep_Z = plan.keep_Z or ACTIVATION[layer.activation].needs_Z
        layer.Z = place(&end, rows * layer.fan_out, itemsize) if keep_Z else layer.A
        layer.dZ = place(&end, rows * layer.fan_out, itemsize)
        whole_rows_before = whole_rows
        whole_rows = not ACTIVATION[layer.activation].elementwise
        cut(plan, layer, whole_rows, whole_rows_before)
        plan.n_scratch = max(plan.n_scratch, layer.gradient_rows * layer.gradient_columns)
    plan.n_scratch = n_tiles(plan.n_scratch * itemsize, LINE) * (LINE // itemsize)
    plan.n_work = end
    return 0


cdef list list_tiles(const Plan* plan):
    """By how far along its layer a tile is, so that threads which take equal parts of the list have equal work."""
    cdef const Layer* layer
    tiles = []
    for l in range(plan.n_layers):
        layer = &plan.layers[<Py_ssize_t>l]
        down, across = layer.gradient_rows, layer.gradient_columns
        corners = [(row, column) for column in range(0, layer.fan_out, across) for row in range(0, layer.fan_in, down)]
        for i, (row, column) in enumerate(corners):
            tile = (l, row, min(down, layer.fan_in - row), column, min(across, layer.fan_out - column))
            tiles.append(((i + 0.5) / len(corners), tile))
    return [tile for _, tile in sorted(tiles)]
