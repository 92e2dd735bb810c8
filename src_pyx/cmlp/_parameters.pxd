from cython cimport floating

from cmlp._plan cimport Plan
from cmlp._propagation cimport Batch
from cmlp._registry cimport MOST_VALUES
from cmlp._team cimport Team

# What an optimizer needs to know for one update.
cdef struct Update:
    int optimizer
    double[MOST_VALUES] values

# The second phase of a step, fused: each tile of dW and db computed and spent at once. Returns the largest |change| that
# this thread made.
cdef double update_from_batch(
    const Plan* plan, const Batch* batch, const Update* update, floating* theta, floating* state, const floating* work,
    floating* scratch, Team* team, int thread, int n_threads) noexcept nogil

# Split: dtheta = (add ? dtheta : 0) + the gradient of the batch.
cdef void accumulate(
    const Plan* plan, const Batch* batch, bint add, const floating* work, floating* dtheta, Team* team,
    int thread, int n_threads) noexcept nogil

# Split: the update from a finished dtheta, which is overwritten by the change.
cdef double update_from_gradient(
    const Plan* plan, const Update* update, floating* theta, floating* dtheta, floating* state, Team* team,
    int thread, int n_threads) noexcept nogil
