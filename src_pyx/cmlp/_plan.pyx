"""The work space and the grid of tiles, from the shapes alone: never from the number of threads.

Because every sum is cut at the same places and added in the same order whoever works on a tile, the bits of a result do
not depend on the threads. What was measured for the sizes below is in docs/design.rst.
"""

from cmlp._registry cimport ACTIVATION

cdef enum:
    LINE = 64                            # bytes of a cache line; every block of the work space starts on one
    SMALL_NET = 256 * 1024               # bytes of theta that stay in a core's own cache beside a block of rows
    SMALL_PRODUCT = 1000 * 1000          # m n k up to which OpenBLAS uses its small-matrix kernels (AVX-512 only)
    WATCHED = 100 * 1000 * 1000          # multiplications in a step from which signals are looked for inside it


cdef Py_ssize_t tile_width(Py_ssize_t width, Py_ssize_t largest) noexcept:
    """`width` cut into equal tiles of at most `largest`, rounded up to a multiple of 16 so that rows stay aligned."""
    cdef Py_ssize_t equal = n_tiles(width, n_tiles(width, largest))
    return min(n_tiles(equal, 16) * 16, width)


cdef Py_ssize_t place(Py_ssize_t* end, Py_ssize_t n, Py_ssize_t itemsize) noexcept:
    """The offset of n numbers put behind those placed before."""
    cdef Py_ssize_t start = end[0]
    end[0] = start + n_tiles(n * itemsize, LINE) * (LINE // itemsize)
    return start


cdef int lay_out(Plan* plan, Py_ssize_t itemsize, bint avx512) except -1:
    cdef Py_ssize_t rows = plan.capacity, end = 0, l
    cdef Layer* layer
    cdef bint whole_rows, whole_rows_before
    plan.n_scratch = 0
    plan.by_layer = plan.n_params * itemsize > SMALL_NET
    plan.watched = rows * plan.n_params > WATCHED
    plan.small_product = SMALL_PRODUCT if avx512 else 0
    plan.block_rows = 64 if avx512 else 128
    plan.X = place(&end, rows * plan.n_inputs, itemsize)
    plan.Y = place(&end, rows * plan.n_outputs, itemsize)
    plan.sample_weight = place(&end, rows, itemsize)
    for l in range(plan.n_layers):
        layer = &plan.layers[l]
        layer.A = place(&end, rows * layer.fan_out, itemsize)
        layer.Z = place(&end, rows * layer.fan_out, itemsize) if plan.keep_Z else layer.A
        layer.dZ = place(&end, rows * layer.fan_out, itemsize)
        whole_rows = not ACTIVATION[layer.activation].elementwise
        whole_rows_before = l > 0 and not ACTIVATION[plan.layers[l - 1].activation].elementwise
        layer.forward_columns = layer.fan_out if whole_rows else tile_width(layer.fan_out, 64 if avx512 else 128)
        layer.backward_columns = layer.fan_in if whole_rows_before else tile_width(layer.fan_in, 64 if avx512 else 128)
        layer.gradient_rows = tile_width(layer.fan_in, 48 if avx512 else 128)
        layer.gradient_columns = tile_width(layer.fan_out, 128)
        plan.n_scratch = max(plan.n_scratch, layer.gradient_rows * layer.gradient_columns)
    plan.n_scratch = n_tiles(plan.n_scratch * itemsize, LINE) * (LINE // itemsize)
    plan.n_work = end
    return 0
