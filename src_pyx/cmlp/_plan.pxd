"""What a network of one shape needs for a number of rows: its layers, its work space, its grid of tiles."""

from cmlp._table cimport MOST_VALUES

cdef enum:
    NONE = -1                        # an offset of what a layer does not have
    INPUT = -1                       # the source of a residual connection that begins at X
    NO_SOURCE = -2                   # that of a layer without one
    MOST_VECTORS = 4                 # b, scale, shift, slope
    MOST_STAGES = 16
    LINE = 64                        # bytes of a cache line; every place in the work space starts on one

# One row of the table `layers`; cmlp/layers.py has the same fields as a NumPy dtype.
cdef struct Layer:
    Py_ssize_t fan_in
    Py_ssize_t fan_out
    Py_ssize_t activation            # its row in ACTIVATION
    double parameter                 # the activation's
    Py_ssize_t norm                  # its row in NORM, or NONE
    double eps                       # the norm's
    double momentum                  # of its running statistics
    double dropout                   # rate
    Py_ssize_t source                # the layer whose output is added, INPUT or NO_SOURCE
    Py_ssize_t block                 # W's row in the table of parameters; the vectors have the next ones
    Py_ssize_t n_vectors
    Py_ssize_t W                     # offsets in theta
    Py_ssize_t b
    Py_ssize_t scale
    Py_ssize_t shift
    Py_ssize_t slope
    Py_ssize_t P                     # what projects the source's output
    Py_ssize_t running               # mean and variance, behind theta
    Py_ssize_t Z                     # offsets in the work space; which of them are one place, the stages decide
    Py_ssize_t hat                   # Z normalised
    Py_ssize_t N                     # scale hat + shift
    Py_ssize_t A                     # f(N)
    Py_ssize_t out                   # mask A, and what is added to it
    Py_ssize_t mask
    Py_ssize_t dZ
    Py_ssize_t dN
    Py_ssize_t dout
    Py_ssize_t dscale                # dN hat
    Py_ssize_t dslope
    Py_ssize_t statistics            # means, variances; where the running ones are to go
    Py_ssize_t forward_rows          # tiles: of Z, where a network is worked layer by layer
    Py_ssize_t forward_columns
    Py_ssize_t backward_rows         # of dout of the layer before
    Py_ssize_t backward_columns
    Py_ssize_t gradient_rows         # of dW
    Py_ssize_t gradient_columns

# One row of the table `params`. Of the gradient of a matrix, (source's output)^T . delta, of a vector the sums of the columns
# of delta.
cdef struct Block:
    Py_UCS4[16] name
    Py_ssize_t layer
    Py_ssize_t offset                # in theta
    Py_ssize_t rows
    Py_ssize_t cols
    Py_ssize_t matrix                # 1 or 0
    Py_ssize_t source                # a layer, or INPUT
    Py_ssize_t delta                 # offset in the work space

# A piece of the gradient of a matrix; where it is W's and begins in its row 0, the same columns of the layer's vectors too.
cdef struct Tile:
    Py_ssize_t block
    Py_ssize_t row
    Py_ssize_t n_rows
    Py_ssize_t column
    Py_ssize_t n_columns

# An area of a layer's values: rows of the batch, and units.
cdef struct Area:
    Py_ssize_t row
    Py_ssize_t n_rows
    Py_ssize_t column
    Py_ssize_t n_columns

# The stages of a layer, in their order (_stages.pxd).
cdef struct Stages:
    int n
    int[MOST_STAGES] rows            # of STAGES
    int by_columns                   # the first of them that needs whole columns of a batch to learn from; n: none does
    bint whole_rows                  # one of them needs whole rows
    bint plain                       # only a product and an activation: the step does without the table

cdef struct Plan:
    Layer* layers
    Stages* stages                   # (n_layers,)
    Block* blocks
    Py_ssize_t n_blocks
    Tile* tiles                      # all of them; a part of the list holds about the same part of every layer
    Py_ssize_t n_tiles
    Py_ssize_t n_layers
    Py_ssize_t n_inputs
    Py_ssize_t n_outputs
    Py_ssize_t n_targets             # columns of Y
    Py_ssize_t n_params
    Py_ssize_t n_variables           # and running means and variances
    double input_noise               # standard deviation of what is added to X in training
    double input_dropout
    Py_ssize_t capacity              # rows that the work space holds
    Py_ssize_t X                     # offsets in the work space
    Py_ssize_t X_mask
    Py_ssize_t Y
    Py_ssize_t sample_weight
    Py_ssize_t n_work                # its length
    Py_ssize_t itemsize              # bytes of a number in it
    Py_ssize_t n_scratch             # numbers that one tile of a gradient needs, for each thread
    Py_ssize_t block_rows            # rows that are gathered, and whose loss is taken, together
    bint by_layer                    # else each block of rows goes through all layers
    int loss
    double[MOST_VALUES] loss_values
    bint own_loss                    # it is a Python function
    bint link                        # the loss takes Z of the last layer
    bint keep_Z
    bint has_residuals
    bint sparse                      # X comes in compressed rows, and has no room in the work space
    bint may_skip                    # the first layer is worth looking for zeros in X
    bint watched                     # a step is long enough to look for signals inside it
    Py_ssize_t panel                 # columns that one thread normalises over the batch


cdef inline Py_ssize_t n_tiles(Py_ssize_t size, Py_ssize_t tile) noexcept nogil:
    return (size + tile - 1) // tile


cdef inline Py_ssize_t place(Plan* plan, Py_ssize_t n) noexcept nogil:
    """The offset of n numbers put behind those placed before."""
    cdef Py_ssize_t start = plan.n_work
    plan.n_work += n_tiles(n * plan.itemsize, LINE) * (LINE // plan.itemsize)
    return start


cdef inline Py_ssize_t place_units(Plan* plan, const Layer* layer) noexcept nogil:
    """The same of a number for each row and unit."""
    return place(plan, plan.capacity * layer.fan_out)


cdef inline void set_delta(Plan* plan, const Layer* layer, Py_ssize_t block, Py_ssize_t delta) noexcept nogil:
    """The gradient of the block that begins at `block` in theta, if the layer has one there, is made from delta."""
    cdef Py_ssize_t v
    for v in range(layer.block, plan.n_blocks):
        if plan.blocks[v].offset == block:
            plan.blocks[v].delta = delta


cdef inline bint meets_its_batch(const Layer* layer) noexcept nogil:
    """Whether it has running statistics, because it is normalised over the samples of a batch."""
    return layer.running != NONE
