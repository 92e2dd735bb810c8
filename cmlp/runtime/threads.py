"""The number of threads, and the limit of BLAS to one thread."""

import math
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from cmlp import validation
from cmlp.runtime import neighbours
from cmlp.runtime.compiled import max_threads, openmp

_forked = False  # the parent ran a parallel region before fork: libgomp would wait for threads that do not exist here
_has_run_region = False

# Multiplications in a step that justify one more thread: a few microseconds, against two barriers of 0.2 microseconds.
WORK_PER_THREAD = 20_000

# Multiplications of a pass: below BRIEF, about a millisecond, there is less to gain from a second thread than to lose by
# waiting for it. From LONG on, many slices of the scheduler, processors are shared with other processes, not left to them.
BRIEF, LONG = 20_000_000, 500_000_000


def _after_fork_in_child() -> None:
    global _forked
    _forked = _forked or _has_run_region


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


@cache
def _cgroup_quota() -> float:
    """The CPU quota of the container, in processors; inf where there is none."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text()
            period = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text()
        except OSError:
            return math.inf
    if quota.strip() in ("max", "-1"):
        return math.inf
    return float(quota) / float(period)


def available() -> int:
    """The number of threads for ``n_threads=None``.

    The minimum of omp_get_max_threads() (so OMP_NUM_THREADS and threadpoolctl are respected), the CPU affinity of the process,
    and the quota of its control group.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(max_threads(), processors, _cgroup_quota())))


def for_training(engine, samples, batch_size: int, n_threads: int | None) -> int:
    """The most threads that a step of so many rows is worth; how many of them are fastest is tried out (training.pace)."""
    _, between, tiles = engine.load(samples, batch_size)
    return _woken(worth(between, tiles, n_threads))


def for_pass(engine, samples, n_threads: int | None) -> int:
    """The number of threads for one pass over samples: one if it is brief, else as many as there are idle processors."""
    total, between, tiles = engine.load(samples, samples.n_samples)
    n = worth(between, tiles, n_threads)
    if n == 1 or total < BRIEF:
        return 1
    return _woken(n if _is_long(total, between) else min(n, neighbours.idle_processors()))


def is_long(engine, samples, batch_size: int) -> bool:
    """Whether a step has work for all threads, whatever other processes do."""
    return _is_long(*engine.load(samples, batch_size)[:2])


def _is_long(total: int, between: int) -> bool:
    return total >= LONG and between >= BRIEF


def worth(between: int, tiles: int, n_threads: int | None) -> int:
    """The threads for so many multiplications between two barriers, in tiles; results are bitwise identical for any number."""
    if n_threads is not None:
        validation.check_n_threads(n_threads)
    justified = between // WORK_PER_THREAD if between < tiles * WORK_PER_THREAD else tiles
    if justified <= 1 or _forked or not openmp:
        return 1
    return min(justified, available() if n_threads is None else n_threads)


def _woken(n_threads: int) -> int:
    global _has_run_region
    _has_run_region = _has_run_region or n_threads > 1
    return n_threads


@cache
def blas() -> dict:
    """The BLAS library of scipy.linalg.cython_blas, as threadpoolctl reports it; empty if unknown."""
    found = [info for info in _controller().info() if info["user_api"] == "blas"]
    scipys = [info for info in found if any(part.startswith("scipy") for part in Path(info["filepath"]).parts[:-1])]
    return next(iter(scipys + found), {})


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


class _OneBlasThread:
    """A context manager that limits BLAS to one thread, for as long as any thread is inside.

    The limit applies to the whole process, and two overlapping plain limits would restore a wrong one. So entries are counted:
    the first sets the limit, the last exit restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limiter: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *exception) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limiter.restore_original_limits()


one_blas_thread = _OneBlasThread()
