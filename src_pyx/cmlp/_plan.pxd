"""The work space and the grid of tiles, from the shapes alone: never from the number of threads."""

from cmlp._registry cimport MOST_VALUES

# One row of the table `layers`; cmlp/layers.py has the same fields as a NumPy dtype.
cdef struct Layer:
    Py_ssize_t fan_in
    Py_ssize_t fan_out
    Py_ssize_t activation            # its row in ACTIVATION
    double parameter                 # the activation's
    Py_ssize_t bias                  # 1 or 0
    Py_ssize_t block                 # W's row in the table of parameters; b has the next
    Py_ssize_t W                     # offsets in theta
    Py_ssize_t b
    Py_ssize_t Z                     # offsets in the work space; Z is A where Z need not be kept
    Py_ssize_t A
    Py_ssize_t dZ
    Py_ssize_t forward_rows          # tiles: of Z, where a network is worked layer by layer
    Py_ssize_t forward_columns
    Py_ssize_t backward_rows         # of dA_prev
    Py_ssize_t backward_columns
    Py_ssize_t gradient_rows         # of dW
    Py_ssize_t gradient_columns

# A piece of dW of layer l.
cdef struct Tile:
    Py_ssize_t l
    Py_ssize_t row
    Py_ssize_t n_rows
    Py_ssize_t column
    Py_ssize_t n_columns

cdef struct Plan:
    Layer* layers
    Tile* tiles                      # all of them; a part of the list holds about the same part of every layer
    Py_ssize_t n_tiles
    Py_ssize_t n_layers
    Py_ssize_t n_inputs
    Py_ssize_t n_outputs
    Py_ssize_t n_targets             # columns of Y
    Py_ssize_t n_params
    Py_ssize_t capacity              # rows that the work space holds
    Py_ssize_t X                     # offsets in the work space
    Py_ssize_t Y
    Py_ssize_t sample_weight
    Py_ssize_t n_work                # its length
    Py_ssize_t n_scratch             # numbers that one tile of a gradient needs, for each thread
    Py_ssize_t block_rows            # rows that are gathered, and whose loss is taken, together
    bint by_layer                    # else each block of rows goes through all layers
    int loss
    double[MOST_VALUES] loss_values
    bint link                        # the loss takes Z of the last layer
    bint keep_Z
    bint may_skip                    # the first layer is worth looking for zeros in X
    bint watched                     # a step is long enough to look for signals inside it

cdef int lay_out(Plan* plan, Py_ssize_t itemsize) except -1

# [(l, row, n_rows, column, n_columns), ...]: what plan.tiles shall hold
cdef list list_tiles(const Plan* plan)


cdef inline Py_ssize_t n_tiles(Py_ssize_t size, Py_ssize_t tile) noexcept nogil:
    return (size + tile - 1) // tile
