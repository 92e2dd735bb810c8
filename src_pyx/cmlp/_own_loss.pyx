"""A loss that is a Python function: asked for a whole batch at once, by thread 0 while the others wait."""

from cpython.ref cimport Py_INCREF

from cmlp._team cimport atomic_load, atomic_store


class OwnLoss:
    """A user's loss over the rows of a work space: what is asked."""

    def __init__(self, objective, Z, Y, sample_weight, dZ):
        self.objective, self.Z, self.Y, self.sample_weight, self.dZ = objective, Z, Y, sample_weight, dZ
        self.weighted = False

    def __call__(self, n_rows, scale):
        weight = self.sample_weight[:n_rows] if self.weighted else None
        return self.objective.evaluate(self.Z[:n_rows], self.Y[:n_rows], weight, scale, self.dZ[:n_rows])


cdef double ask_python(void* function, Py_ssize_t n_rows, double scale, Team* team) noexcept with gil:
    try:
        return (<object>function)(n_rows, scale)
    except BaseException as exception:
        Py_INCREF(exception)
        team.interrupted = <void*>exception
        atomic_store(&team.abandoned, 1)
        return 0


cdef void ask(
    void* function, Py_ssize_t n_rows, double scale, double* block_loss, Py_ssize_t n_blocks, Team* team,
) noexcept nogil:
    cdef Py_ssize_t block
    if atomic_load(&team.abandoned):
        return
    for block in range(n_blocks):
        block_loss[block] = 0
    block_loss[0] = ask_python(function, n_rows, scale, team)
