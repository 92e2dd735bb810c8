from cython cimport floating
from libc.stdint cimport uint64_t

from cmlp._batch cimport Batch
from cmlp._clock cimport Clock
from cmlp._parameters cimport Rules
from cmlp._plan cimport Plan
from cmlp._propagation cimport Goal
from cmlp._team cimport Team

cdef enum Ending:
    COMPLETE                     # all that was asked for, or as much as the time allowed
    INTERRUPTED                  # by a signal; the step it came in has changed nothing
    LOSS_NOT_FINITE              # in the step after the last counted one, which has changed nothing
    CHANGE_NOT_FINITE            # that step has changed the parameters

# Any number of steps and epochs: what to do, and how far it came.
cdef struct Run:
    Batch data                   # X, Y, sample_weight of all samples, and where the batch's results go
    Py_ssize_t n_samples
    Py_ssize_t batch_size
    Py_ssize_t* order            # NULL: rows as they come
    bint shuffle
    uint64_t seed                # of the shuffles: the order of an epoch depends on (seed, epoch)
    int optimizer
    const double* hyper          # of the first step; those of each further one hyper_stride numbers on
    Py_ssize_t hyper_stride      # behind an optimizer's own: the rate of dropout or -1, and the scheduled decay
    int n_hyper                  # the optimizer's own
    const Rules* rules           # NULL: the plain update
    Py_ssize_t max_steps
    Py_ssize_t max_epochs
    double max_seconds
    double threshold             # ends the run after an epoch in which no parameter moved further in any update
    # where it is: on entry and on return
    Py_ssize_t t                 # updates that the optimizer has made
    uint64_t epoch
    Py_ssize_t batch             # of the epoch
    double epoch_loss            # sum over the samples of the epoch so far
    double epoch_change          # largest |change of a parameter| in the epoch so far
    # results
    Py_ssize_t n_steps
    Py_ssize_t n_epochs
    double* losses               # (max_epochs,) mean over the samples of an epoch, each before its own update; and penalties
    double* changes              # (max_epochs,)
    double* thread_change        # (n_threads,)
    Clock* clocks                # (n_threads,); NULL: nobody asks
    bint out_of_time
    Ending ending

# Each thread of the team calls these with the same arguments.
cdef void train(
    const Plan* plan, Run* run, floating* theta, floating* dtheta, floating* state, floating* work, floating* scratch,
    Team* team, int thread, int n_threads) noexcept nogil

# dtheta = the gradient of the mean loss of all samples; run.epoch_loss = their sum of losses
cdef void gradient(
    const Plan* plan, Run* run, const floating* theta, floating* dtheta, floating* work, Team* team, int thread,
    int n_threads) noexcept nogil

# Outputs or losses of all samples: for LOGITS and OUTPUTS into data.out, for COST their sum into run.epoch_loss
cdef void evaluate(
    const Plan* plan, Run* run, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads) noexcept nogil
