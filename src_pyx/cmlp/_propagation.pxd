from cython cimport floating

from cmlp._clock cimport WAITING, Clock, lap
from cmlp._plan cimport Layer, Plan
from cmlp._source cimport Source
from cmlp._team cimport Team, barrier

cdef enum Goal:
    SCORES                       # Z of the last layer where the loss has a link, else its A, into batch.out
    OUTPUTS                      # A of the last layer into batch.out
    COST                         # the losses, summed for each block of rows, into batch.block_loss
    GRADIENT                     # that, and dZ of every layer

# The rows that are in the work space at one time.
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
    Clock* clock                 # of the thread that holds this struct; NULL: none

# The first phase of a step; the caller's barrier follows. Between blocks it may be left undone: see _team.leave.
cdef void propagate(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads) noexcept nogil

# What a layer's product multiplies: A of the layer before, or X where it lies. Rows are layer.fan_in apart.
cdef const floating* input_of(
    const Plan* plan, const Batch* batch, Py_ssize_t l, const floating* work) noexcept nogil

# Whether so few numbers of these rows of X are not 0 that products skip the others.
cdef bint mostly_zeros(const Plan* plan, const Batch* batch, Py_ssize_t row, Py_ssize_t n_rows) noexcept nogil

# The sum of the losses of the batch, added in the order of the blocks.
cdef double sum_blocks(const Plan* plan, const Batch* batch) noexcept nogil


cdef inline void meet(const Batch* batch, Team* team, int n_threads) noexcept nogil:
    barrier(team, n_threads)
    lap(batch.clock, WAITING)
