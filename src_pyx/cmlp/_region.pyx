"""The parallel regions: passes and trainings by a team of threads."""

from cython cimport floating
from cython.parallel cimport parallel, threadid

from cmlp._step cimport evaluate, gradient, train
from cmlp._team cimport team_size


cdef void evaluate_in_team(
    const Plan* plan, Run* run, Goal goal, const floating* theta, floating* work, Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        evaluate(plan, run, goal, theta, work, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            evaluate(plan, run, goal, theta, work, team, threadid(), team_size())


cdef void gradient_in_team(
    const Plan* plan, Run* run, const floating* theta, floating* dtheta, floating* work, Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        gradient(plan, run, theta, dtheta, work, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            gradient(plan, run, theta, dtheta, work, team, threadid(), team_size())


cdef void train_in_team(
    const Plan* plan, Run* run, floating* theta, floating* dtheta, floating* state, floating* work, floating* scratch,
    Team* team, int n_threads,
) noexcept nogil:
    if n_threads == 1:
        train(plan, run, theta, dtheta, state, work, scratch, team, 0, 1)
    else:
        with parallel(num_threads=n_threads):
            train(plan, run, theta, dtheta, state, work, scratch + threadid() * plan.n_scratch, team, threadid(), team_size())
