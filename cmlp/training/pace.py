"""How many threads are fastest just now: tried out while training, for no result depends on it."""

from collections.abc import Callable

CALL = 0.25  # seconds that a call of the core lasts: signals are looked for between calls, and inside long steps
WORTH = 50  # times what was spent before it, or lost by a trial, that is spent on calls of use
TRIAL = 0.005  # seconds of a call that is made to compare
PATIENCE = 0.5  # seconds that processors are left to other processes before more threads than idle ones are tried all the same
AGAIN = 4.0  # seconds after which what was slower is tried again: a neighbour may have come or gone
SPAN = 0.05  # seconds over which the time of a step is averaged: a short call may have met a slice of another process
HOPELESS = 4  # times as slow in its first trial: not tried twice


class Pace:
    """Chooses the threads and the seconds of the next call of the core.

    More threads may be slower than one: where a step is short and the processors are far from one another, or where another
    process needs one of them, for every barrier waits for the last thread. It is not predicted but measured. Only what is done
    before anything is measured, which is all that a short training ever does, depends on the processors that seem idle.

    Parameters
    ----------
    most : int
        Threads that the work is worth.
    fixed : bool
        Use that many and try nothing.
    idle : callable, optional
        Returns the processors that no other process needs; without it, all are taken for idle.
    """

    def __init__(self, most: int, fixed: bool = False, idle: Callable[[], int] | None = None) -> None:
        self.most = most
        self.choices = [most] if fixed else sorted({1, most // 2, most} - {0})
        self.seconds: dict[int, float] = {}  # of a step, by threads
        self.spent = 0.0  # seconds in calls
        self._idle = idle
        self._trials: list[int] | None = None  # to be made; None: not begun
        self._trying, self._before = False, 0.0  # of the call made now
        self._due: dict[int, float] = {}  # when to try again, in seconds spent

    def next(self, before: float = 0.0) -> tuple[int, float]:
        """(threads, seconds) for the next call, in front of which ``before`` seconds were spent: they shall be a small part."""
        long = max(CALL, WORTH * before)
        self._trying, self._before = False, before
        if len(self.choices) == 1:
            return self.most, long
        if self._trials is None:
            idle = self._idle() if self._idle and self.spent < PATIENCE else self.most
            if idle < self.most:
                n_threads = max(n for n in self.choices if n <= idle)
                return n_threads, max(TRIAL, min(self.spent, CALL), WORTH * before)
            self._trials = [self.most, *self.choices]
        fastest = min(self.choices, key=lambda n: self.seconds.get(n, 0.0))
        tried = self._trials[:1] or [n for n in self.choices if n != fastest and self._due[n] <= self.spent]
        self._trying = bool(tried)
        return (tried[0], TRIAL) if tried else (fastest, long)

    def note(self, n_threads: int, n_steps: int, seconds: float) -> None:
        """What the call made by the last `next` took."""
        self.spent += seconds
        if not n_steps or len(self.choices) == 1:
            return
        share = 1.0 if self._trying or n_threads not in self.seconds else min(1.0, seconds / SPAN)
        self.seconds[n_threads] = share * seconds / n_steps + (1 - share) * self.seconds.get(n_threads, 0.0)
        self._due[n_threads] = self.spent + max(AGAIN, WORTH * (self._before + seconds) if self._trying else 0.0)
        if self._trials:
            slowest = HOPELESS * min(self.seconds.values())
            self._trials = [n for n in self._trials[1:] if self.seconds.get(n, 0.0) < slowest]
