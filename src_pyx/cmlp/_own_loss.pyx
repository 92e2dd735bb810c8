"""A loss that is a Python function: asked for a whole batch at once, by thread 0 while the others wait."""

from cpython.ref cimport Py_INCREF

from cmlp._team cimport atomic_load, atomic_store


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
