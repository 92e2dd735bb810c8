"""The order of a step, and many of them in one call.

    propagation     every thread its tiles                      Z, A, loss, dZ
    barrier         the loss is known: if it is not finite, stop before anything changes
    parameters      every thread its tiles                      dW, db, change, theta
    barrier         the largest change is known

A batch larger than the work space goes through it in chunks; then the gradient is added up in dtheta and spent at the
end. All threads carry the same local counters and take the same decisions from the same numbers; only thread 0 writes to
`run`. Equations: cmlp/reference/step.py.
"""

from cython cimport floating
from libc.math cimport INFINITY, isfinite

from cmlp._batch cimport meet, sum_blocks
from cmlp._clock cimport REST, UPDATE, lap, ticks
from cmlp._elementary cimport larger
from cmlp._optimizer_table cimport optimizer_values
from cmlp._parameters cimport (
    Update, accumulate, finish_gradient, limit_columns, penalty, update_ema, update_from_batch, update_from_gradient,
)
from cmlp._plan cimport n_tiles
from cmlp._propagation cimport COST, GRADIENT, propagate
from cmlp._random cimport permutation
from cmlp._team cimport atomic_load, seconds

cdef enum:
    CLOCK_EVERY = 2 * 1000 * 1000          # multiplications between two looks at the clock


cdef inline bint interrupted(Run* run, Team* team, int thread) noexcept nogil:
    """Asked behind the barrier that ends a propagation, so all threads get the same answer."""
    if atomic_load(&team.abandoned) == 0:
        return False
    if thread == 0:
        run.ending = INTERRUPTED
    return True


cdef inline Batch rows_of(const Run* run, int thread, Py_ssize_t start, Py_ssize_t n_rows) noexcept nogil:
    cdef Batch batch = run.data
    batch.clock = NULL if run.clocks == NULL else run.clocks + thread
    batch.start = start
    batch.n_rows = n_rows
    batch.order = run.order
    batch.first = 0
    batch.continues = False
    return batch


cdef inline bint propagate_in_chunks(
    const Plan* plan, Run* run, const Batch* whole, const floating* theta, floating* dtheta, floating* work, Team* team,
    int thread, int n_threads, double* loss,
) noexcept nogil:
    """dtheta = the gradient of a batch of any size; False if it was interrupted or the loss is not finite."""
    cdef Py_ssize_t chunk, row
    cdef Batch batch = whole[0]
    for chunk in range(n_tiles(whole.n_rows, plan.capacity)):
        row = chunk * plan.capacity
        batch.start = whole.start + row
        batch.n_rows = min(plan.capacity, whole.n_rows - row)
        batch.first = row
        batch.continues = row > 0
        propagate(plan, &batch, GRADIENT, theta, work, team, thread, n_threads)
        meet(&batch, team, n_threads)
        if interrupted(run, team, thread):
            return False
        loss[0] += sum_blocks(plan, &batch)
        if not isfinite(loss[0]):
            return False
        accumulate(plan, &batch, row > 0, work, dtheta, team, thread, n_threads)
        meet(&batch, team, n_threads)
    return True


cdef inline bint propagate_at_once(
    const Plan* plan, Run* run, const Batch* batch, const floating* theta, floating* work, Team* team, int thread,
    int n_threads, double* loss,
) noexcept nogil:
    propagate(plan, batch, GRADIENT, theta, work, team, thread, n_threads)
    meet(batch, team, n_threads)
    if interrupted(run, team, thread):
        return False
    loss[0] = sum_blocks(plan, batch)
    return isfinite(loss[0])


cdef inline double largest_change(const Run* run, int n_threads) noexcept nogil:
    cdef int thread
    cdef double largest = 0
    for thread in range(n_threads):
        largest = larger(largest, run.thread_change[thread])
    return largest


cdef inline double make_update(
    const Plan* plan, Run* run, const Batch* batch, const Update* update, bint split, floating* theta, floating* dtheta,
    floating* state, const floating* work, floating* scratch, Team* team, int thread, int n_threads,
) noexcept nogil:
    """The largest |change| of any thread, all of whom have come to a barrier behind the update."""
    if not split:
        run.thread_change[thread] = update_from_batch(
            plan, batch, update, theta, state, work, scratch, team, thread, n_threads)
    else:
        if run.rules != NULL:
            finish_gradient(plan, run.rules, <const floating*>theta, dtheta, team, thread, n_threads)
            meet(batch, team, n_threads)
        run.thread_change[thread] = update_from_gradient(plan, update, theta, dtheta, state, work, team, thread, n_threads)
        lap(batch.clock, UPDATE)
    meet(batch, team, n_threads)
    return largest_change(run, n_threads)


cdef inline void follow_update(
    const Plan* plan, Run* run, const Batch* batch, floating* theta, Team* team, int thread, int n_threads,
) noexcept nogil:
    """What the rules ask for once theta has changed."""
    if run.rules.limited:
        limit_columns(plan, run.rules, theta, team, thread, n_threads)
        meet(batch, team, n_threads)
    if run.rules.ema != NULL:
        update_ema(plan, run.rules, <const floating*>theta, team, thread, n_threads)
        meet(batch, team, n_threads)


cdef inline void look_ahead(Run* run, bint epoch_ends, bint look_at_clock, double deadline) noexcept nogil:
    """What thread 0 does while the others finish their tiles."""
    if epoch_ends and run.shuffle:
        permutation(run.order, run.n_samples, run.seed, run.epoch + 1)
    if look_at_clock and seconds() > deadline:
        run.out_of_time = True


cdef inline void prepare_update(const Run* run, Py_ssize_t step, Py_ssize_t t, Update* update) noexcept nogil:
    cdef const double* hyper = run.hyper + step * run.hyper_stride
    update.optimizer = run.optimizer
    update.learning_rate = hyper[0]
    update.decay = hyper[run.n_hyper + 1]
    update.rules = run.rules
    optimizer_values(run.optimizer, hyper, t, update.values)


cdef void train(
    const Plan* plan, Run* run, floating* theta, floating* dtheta, floating* state, floating* work, floating* scratch,
    Team* team, int thread, int n_threads,
) noexcept nogil:
    cdef Py_ssize_t n_batches = n_tiles(run.n_samples, run.batch_size), n_steps = 0, n_epochs = 0, b = run.batch, n_rows
    cdef Py_ssize_t clock_every = 1 + CLOCK_EVERY // (plan.n_params * min(run.batch_size, run.n_samples) + 1)
    cdef double deadline = seconds() + run.max_seconds, loss, change = run.epoch_change, total = run.epoch_loss
    cdef bint fine, split
    cdef Batch batch
    cdef Update update
    cdef Py_ssize_t t = run.t
    if n_threads > 1:                                    # any barrier may wait for another process
        clock_every = 1
    if run.clocks != NULL:
        run.clocks[thread].last = ticks()
    while n_steps < run.max_steps and n_epochs < run.max_epochs:
        n_rows = min(run.batch_size, run.n_samples - b * run.batch_size)
        split = n_rows > plan.capacity or (run.rules != NULL and run.rules.clip_norm < INFINITY)
        batch = rows_of(run, thread, b * run.batch_size, n_rows)
        batch.scale = 1.0 / n_rows
        loss = 0
        t += 1
        batch.draw.t = t
        batch.dropout = run.hyper[n_steps * run.hyper_stride + run.n_hyper]
        prepare_update(run, n_steps, t, &update)
        update.moves_running = n_rows > 1
        if split:
            fine = propagate_in_chunks(
                plan, run, &batch, <const floating*>theta, dtheta, work, team, thread, n_threads, &loss)
        else:
            fine = propagate_at_once(plan, run, &batch, theta, work, team, thread, n_threads, &loss)
        if not fine:
            if thread == 0 and run.ending != INTERRUPTED:
                run.ending = LOSS_NOT_FINITE
            return
        n_steps += 1
        b += 1
        if thread == 0:
            look_ahead(run, b == n_batches and not plan.sparse, n_steps % clock_every == 0, deadline)
            lap(batch.clock, REST)
        change = larger(change, make_update(
            plan, run, &batch, &update, split, theta, dtheta, state, <const floating*>work, scratch, team, thread, n_threads))
        total += loss
        if plan.sparse and b == n_batches:               # whose gradient has read X in this epoch's order
            if thread == 0:
                look_ahead(run, True, False, deadline)
            meet(&batch, team, n_threads)
        if run.rules != NULL and isfinite(change):
            follow_update(plan, run, &batch, theta, team, thread, n_threads)
        if thread == 0:
            record(run, b == n_batches, b, n_steps, total, change)
            if b == n_batches and run.rules != NULL:
                run.losses[run.n_epochs - 1] += penalty(plan, run.rules, <const floating*>theta)
        if not isfinite(change):
            if thread == 0:
                run.ending = CHANGE_NOT_FINITE
            return
        if b == n_batches:
            n_epochs += 1
            if change <= run.threshold:
                return
            b, total, change = 0, 0, 0
        lap(batch.clock, REST)
        if run.out_of_time:
            return


cdef inline void record(
    Run* run, bint epoch_ended, Py_ssize_t b, Py_ssize_t n_steps, double total, double change,
) noexcept nogil:
    run.t += 1
    run.n_steps = n_steps
    if epoch_ended:
        run.losses[run.n_epochs] = total / run.n_samples
        run.changes[run.n_epochs] = change
        run.n_epochs += 1
        run.epoch += 1
    run.batch = 0 if epoch_ended else b
    run.epoch_loss = 0 if epoch_ended else total
    run.epoch_change = 0 if epoch_ended else change


cdef void gradient(
    const Plan* plan, Run* run, const floating* theta, floating* dtheta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef double loss = 0
    cdef Batch batch = rows_of(run, thread, 0, run.n_samples)
    batch.scale = 1.0 / run.n_samples
    if not propagate_in_chunks(plan, run, &batch, theta, dtheta, work, team, thread, n_threads, &loss):
        if thread == 0 and run.ending != INTERRUPTED:
            run.ending = LOSS_NOT_FINITE
    if thread == 0:
        run.epoch_loss = loss


cdef void evaluate(
    const Plan* plan, Run* run, Goal goal, const floating* theta, floating* work, Team* team, int thread,
    int n_threads,
) noexcept nogil:
    cdef Py_ssize_t chunk, row
    cdef double loss = 0
    cdef Batch batch
    for chunk in range(n_tiles(run.n_samples, plan.capacity)):
        row = chunk * plan.capacity
        batch = rows_of(run, thread, row, min(plan.capacity, run.n_samples - row))
        batch.first = row
        batch.scale = 1.0 / run.n_samples
        propagate(plan, &batch, goal, theta, work, team, thread, n_threads)
        meet(&batch, team, n_threads)
        if interrupted(run, team, thread):
            return
        if goal == COST:
            loss += sum_blocks(plan, &batch)
        meet(&batch, team, n_threads)
    if thread == 0:
        run.epoch_loss = loss
