from cython cimport floating

from cmlp._batch cimport Batch
from cmlp._plan cimport Plan
from cmlp._table cimport MOST_VALUES
from cmlp._team cimport Team

# The columns of Rules.blocks
cdef enum:
    RATE                         # factor of the learning rate
    L1                           # of the penalty l1 |theta| + l2 theta^2 / 2
    L2
    DECAY                        # decoupled: learning rate * decay * theta is taken off
    MAX_NORM                     # of the weights into a unit, a column of W or P; 0: any
    SCHEDULED                    # 1 where the decay of the update is added to DECAY
    N_RULES

# What else an update does, or NULL where it does nothing else.
cdef struct Rules:
    const double* blocks         # (n_blocks, N_RULES): one row for each row of the table of parameters
    bint limited                 # some block has a MAX_NORM
    double clip_value            # of each number of the gradient; inf: any
    double clip_norm             # of the gradient; inf: any
    bint by_block                # of each block's gradient
    double* squares              # (1 + MOST_VECTORS, n_tiles): of a tile of a matrix, and of its part of each vector
    void* ema                    # (n_variables,) exponential moving average of theta and what lies behind it, or NULL
    double ema_share             # of the newest theta in it

# What one update needs to know.
cdef struct Update:
    int optimizer
    double[MOST_VALUES] values
    double learning_rate
    double decay                 # of the blocks whose decay follows a schedule
    bint moves_running           # means and variances, because the batch had some of its own
    const Rules* rules

# The second phase of a step, fused: each tile of dW and db computed and spent at once. Returns the largest |change| that
# this thread made.
cdef double update_from_batch(
    const Plan* plan, const Batch* batch, const Update* update, floating* theta, floating* state, const floating* work,
    floating* scratch, Team* team, int thread, int n_threads) noexcept nogil

# Split: dtheta = (add ? dtheta : 0) + the gradient of the batch.
cdef void accumulate(
    const Plan* plan, const Batch* batch, bint add, const floating* work, floating* dtheta, Team* team,
    int thread, int n_threads) noexcept nogil

# Split: dtheta with the penalties in it, and the squares of its tiles; a barrier follows.
cdef void finish_gradient(
    const Plan* plan, const Rules* rules, const floating* theta, floating* dtheta, Team* team, int thread,
    int n_threads) noexcept nogil

# Split: the update from a finished dtheta, which is overwritten by the change.
cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, const floating* work,
    Team* team, int thread, int n_threads) noexcept nogil

# After an update and a barrier: columns of W longer than they may be are shortened; a barrier follows.
cdef void limit_columns(
    const Plan* plan, const Rules* rules, floating* theta, Team* team, int thread, int n_threads) noexcept nogil

# Then the EMA of theta; a barrier follows.
cdef void update_ema(
    const Plan* plan, const Rules* rules, const floating* theta, Team* team, int thread, int n_threads) noexcept nogil

# l1 |theta| + l2 theta^2 / 2, summed over all blocks
cdef double penalty(const Plan* plan, const Rules* rules, const floating* theta) noexcept nogil
