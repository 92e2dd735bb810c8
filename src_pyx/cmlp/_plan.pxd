"""The work space and the grid of tiles, from the shapes alone: never from the number of threads."""

from cmlp._table cimport MOST_VALUES

cdef enum:
    NONE = -1                        # an offset of what a layer does not have
    INPUT = -1                       # the source of a residual connection that begins at X
    NO_SOURCE = -2                   # that of a layer without one
    MOST_VECTORS = 4                 # b, scale, shift, slope

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
    Py_ssize_t Z                     # offsets in the work space; which of them are one place, lay_out decides
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

cdef struct Plan:
    Layer* layers
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

cdef int lay_out(Plan* plan, Py_ssize_t itemsize) except -1

# [(block, row, n_rows, column, n_columns), ...]: what plan.tiles shall hold
cdef list list_tiles(const Plan* plan)


cdef inline Py_ssize_t n_tiles(Py_ssize_t size, Py_ssize_t tile) noexcept nogil:
    return (size + tile - 1) // tile


cdef inline bint is_plain(const Layer* layer) noexcept nogil:
    """Whether nothing but the activation comes after its product."""
    return layer.out == layer.A and layer.norm == NONE and layer.slope == NONE


cdef inline bint meets_its_batch(const Layer* layer) noexcept nogil:
    """Whether it has running statistics, because it is normalised over the samples of a batch."""
    return layer.running != NONE
