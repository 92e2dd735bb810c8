"""Signals inside a parallel region. Python runs signal handlers only in its main thread and with the GIL; thread 0 of a
team is the thread that called, so it asks on behalf of all, at most ten times a second."""

from cpython.exc cimport PyErr_CheckSignals
from cpython.ref cimport Py_INCREF

cdef double POLL_INTERVAL = 0.1          # seconds


cdef void poll_signals(Team* team) noexcept with gil:
    try:
        PyErr_CheckSignals()
    except BaseException as exception:
        Py_INCREF(exception)
        team.interrupted = <void*>exception
        atomic_store(&team.abandoned, 1)


cdef bint leave(Team* team, int thread) noexcept nogil:
    cdef double now
    if thread == 0 and atomic_load(&team.abandoned) == 0:
        now = seconds()
        if now - team.polled > POLL_INTERVAL:
            team.polled = now
            poll_signals(team)
    return atomic_load(&team.abandoned) != 0
