"""The parallel regions: passes and trainings (_step.pxd) by a team of threads."""

from cython cimport floating

from cmlp._plan cimport Plan
from cmlp._propagation cimport Goal
from cmlp._step cimport Run
from cmlp._team cimport Team

# One thread does without a region: it costs half a microsecond, and a forked child must not enter one.
cdef void evaluate_in_team(
    const Plan* plan, Run* run, Goal goal, const floating* theta, floating* work, Team* team, int n_threads) noexcept nogil
cdef void gradient_in_team(
    const Plan* plan, Run* run, const floating* theta, floating* dtheta, floating* work, Team* team,
    int n_threads) noexcept nogil
cdef void train_in_team(
    const Plan* plan, Run* run, floating* theta, floating* dtheta, floating* state, floating* work, floating* scratch,
    Team* team, int n_threads) noexcept nogil
