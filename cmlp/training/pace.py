"""How many threads are fastest just now: tried out while training, for no result depends on it."""

CALL = 0.25  # seconds that a call of the core lasts: signals are looked for between calls, and inside long steps
WORTH = 50  # times what was spent before it that a call lasts at least
TRIAL = 0.005  # seconds of a call that is made to compare
LONG = 0.02  # seconds of a step for which nothing is tried: a neighbour alone does not make a short step take that long
AGAIN = 16  # calls after which what was slower is tried again: a neighbour may have come or gone


class Pace:
    """Chooses the threads and the seconds of the next call of the core.

    More threads may be slower than one: where a step is short and the processors are far from one another, or where another
    process needs one of them, for every barrier waits for the last thread. It is not predicted but measured.

    Parameters
    ----------
    most : int
        Threads that the work is worth.
    fixed : bool
        Use that many and try nothing.
    """

    def __init__(self, most: int, fixed: bool = False) -> None:
        self.most = most
        others = [] if fixed else sorted({1, most // 2, most} - {0, most})
        self.trials = [*others, most] if others else []
        self.seconds: dict[int, float] = {}  # of a step, as last measured
        self.calls = 0

    def next(self, before: float = 0.0) -> tuple[int, float]:
        """(threads, seconds) for the next call, in front of which ``before`` seconds were spent: they shall be a small part."""
        long = max(CALL, WORTH * before)
        if not self.trials:
            return self.most, long
        if self.calls <= len(self.trials):
            return (self.most, *self.trials)[self.calls], TRIAL
        if self.calls % AGAIN < len(self.trials):
            return self.trials[self.calls % AGAIN], TRIAL
        return min(self.seconds, key=self.seconds.__getitem__, default=self.most), long

    def note(self, n_threads: int, n_steps: int, seconds: float) -> None:
        """What the call made by the last `next` took."""
        self.calls += 1
        if n_steps:
            self.seconds[n_threads] = seconds / n_steps
            if seconds / n_steps > LONG:  # it has work for all, and a trial would be long
                self.trials = []
