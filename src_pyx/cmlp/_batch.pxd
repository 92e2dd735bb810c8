"""The rows that are in the work space at one time, and where the values of a pass over them lie."""

from cython cimport floating

from cmlp._clock cimport WAITING, Clock, lap
from cmlp._plan cimport NO_SOURCE, Layer, Plan, n_tiles
from cmlp._random cimport Draw
from cmlp._source cimport Source, in_place
from cmlp._team cimport Team, barrier

cdef enum:
    SKIP_BELOW = 30              # percent of X

cdef struct Batch:
    Source X
    Source Y
    const double* sample_weight  # NULL: all ones
    const Py_ssize_t* order      # NULL: rows as they come
    Py_ssize_t start             # of the rows, in order
    Py_ssize_t n_rows
    double scale                 # 1 / rows of the whole batch
    double* block_loss
    Py_ssize_t* nonzeros         # numbers of X that are not 0, in each block of rows, where plan.may_skip
    void* out                    # row 0 belongs to row 0 of X
    bint training                # by the batch's own means and variances, if it has two rows or more; with noise
    bint dropping                # with dropout
    Draw draw                    # its `layer` is filled in where it is used
    double dropout               # the rate of all hidden layers that have one; below 0: each its own
    Py_ssize_t first             # the number of row `start` within its update
    bint continues               # rows of the same update came before
    void* own_loss               # the Python function of _own_loss.pyx
    Clock* clock                 # of the thread that holds this struct; NULL: none


cdef inline void meet(const Batch* batch, Team* team, int n_threads) noexcept nogil:
    barrier(team, n_threads)
    lap(batch.clock, WAITING)


cdef inline bint has_statistics(const Batch* batch) noexcept nogil:
    """Whether layers that normalise over the samples take the means and variances of these, and not the running ones."""
    return batch.training and batch.n_rows > 1


cdef inline bint drops(const Batch* batch, const Layer* layer) noexcept nogil:
    """Whether dropout takes place in a layer."""
    return batch.dropping and layer.dropout > 0


cdef inline const floating* output_of(const Batch* batch, const Layer* layer, const floating* work) noexcept nogil:
    """What the layers after it take: A, unless something was done to it."""
    return work + (layer.out if drops(batch, layer) or layer.source != NO_SOURCE else layer.A)


cdef inline bint disturbs(const Plan* plan, const Batch* batch) noexcept nogil:
    """Whether X is changed before it is used."""
    return batch.dropping and (plan.input_dropout > 0 or (batch.training and plan.input_noise > 0))


cdef inline const floating* input_of(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const floating* work,
) noexcept nogil:
    """What layer l multiplies: the output of the layer before, or X where it lies. Rows are layer.fan_in apart."""
    cdef const floating* X = <const floating*>NULL
    if l > 0:
        return output_of(batch, &plan.layers[l - 1], work)
    if not disturbs(plan, batch):
        X = in_place(&batch.X, batch.order, batch.start, plan.n_inputs, work)
    return X if X != NULL else work + plan.X


cdef inline bint mostly_zeros(const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows) noexcept nogil:
    """Whether so few numbers of these rows of X are not 0 that products skip the others."""
    cdef Py_ssize_t block, total = 0, first = row // plan.block_rows
    if not plan.may_skip:
        return False
    for block in range(first, n_tiles(row + n_rows, plan.block_rows)):
        total += batch.nonzeros[block]
    return total * 100 < SKIP_BELOW * n_rows * plan.n_inputs


cdef inline double sum_blocks(const Plan* plan, const Batch* batch) noexcept nogil:
    """The sum of the losses of the batch, added in the order of the blocks."""
    cdef Py_ssize_t block
    cdef double total = 0
    for block in range(n_tiles(batch.n_rows, plan.block_rows)):
        total += batch.block_loss[block]
    return total
