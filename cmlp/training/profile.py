"""Where the time of a step goes: with CMLP_PROFILE=1 in the environment, every call of fit prints it to standard error."""

import os
import sys
import time

import numpy as np

from cmlp.runtime.compiled import CLOCK_LENGTH, PARTS, ticks


def wanted() -> bool:
    """Whether CMLP_PROFILE is set to anything but "" or "0"."""
    return os.environ.get("CMLP_PROFILE", "0") not in ("", "0")


class Profile:
    """The clocks of one training: a row for each thread, which the core adds to while it works.

    Parameters
    ----------
    n_threads : int
    """

    def __init__(self, n_threads: int) -> None:
        self.clocks = np.zeros((n_threads, CLOCK_LENGTH), dtype=np.uint64)
        self.n_steps = 0
        self._began = time.perf_counter(), ticks()

    def split(self) -> dict[str, float]:
        """Microseconds of a step by part, the mean over the threads; "total" is by the wall clock, the outside included."""
        seconds, n_ticks = time.perf_counter() - self._began[0], ticks() - self._began[1]
        spent = self.clocks[:, 1 : 1 + len(PARTS)].mean(axis=0) * (seconds / n_ticks)
        parts = {name: float(s) for name, s in zip(PARTS, spent, strict=True)}
        parts |= {"outside": max(0.0, seconds - float(spent.sum())), "total": seconds}
        return {name: s / max(1, self.n_steps) * 1e6 for name, s in parts.items()}

    def report(self) -> None:
        """Print the split to standard error."""
        split = self.split()
        print(f"cmlp: {self.n_steps} steps, {len(self.clocks)} threads: microseconds a step, and share", file=sys.stderr)
        for name, us in split.items():
            print(f"{name:<12}{us:12.2f}{us / split['total']:8.1%}", file=sys.stderr)
