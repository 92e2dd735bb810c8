"""Processors that nothing else needs just now: a team of threads is as slow as the one that waits for a processor."""

import math
import os
import time

# Seconds that libgomp's threads look for more work after a region, by OMP_WAIT_POLICY: 8.5 ms were measured, and pauses of
# other processors are longer. Linux counts them as running.
_SPINS = {"passive": 0.0, "active": math.inf}
_SPIN = _SPINS.get(os.environ.get("OMP_WAIT_POLICY", "").lower(), 0.015)

_last_region = (-math.inf, 0)  # when the last region of several threads ended, and how many others than the caller it had


def idle_processors() -> int:
    """The processors that no other thread needs at this moment, the caller's own among them: a sample, at least 1.

    Where the system does not say how many threads are running, all processors.
    """
    ended, others = _last_region
    spinning = others if time.perf_counter() - ended < _SPIN else 0
    return left_over(os.cpu_count() or 1, _running(), 1 + spinning)


def left_over(processors: int, running: int, own: int) -> int:
    """The processors left over when so many threads are running, of which so many are cmlp's own."""
    return max(1, processors - max(0, running - own))


def note_region(n_threads: int) -> None:
    """A region of n_threads has just ended."""
    global _last_region
    if n_threads > 1:
        _last_region = (time.perf_counter(), n_threads - 1)


def _running() -> int:
    """The threads of all processes that run or wait for a processor; 0 if unknown."""
    try:
        file = os.open("/proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)  # a third of the time of open()
    except OSError:
        return 0
    try:
        return int(os.read(file, 100).split()[3].split(b"/")[0])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(file)
