from cython cimport floating

from cmlp._batch cimport Batch
from cmlp._plan cimport Plan
from cmlp._team cimport Team

cdef enum Goal:
    LOGITS                       # Z of the last layer where the loss has a link, else its A, into batch.out
    OUTPUTS                      # A of the last layer into batch.out
    COST                         # the losses, summed for each block of rows, into batch.block_loss
    GRADIENT                     # that, and dZ of every layer

# The first phase of a step; the caller's barrier follows. Between blocks it may be left undone: see _team.leave.
cdef void propagate(
    const Plan* plan, const Batch* batch, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads) noexcept nogil
