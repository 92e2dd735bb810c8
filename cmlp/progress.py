"""What training says while it runs."""

import sys
from collections.abc import Callable
from typing import Any

from cmlp import validation
from cmlp.training import History


def line(history: History, epochs: int) -> str:
    """The last epoch in one line."""
    first = history.epoch[-1] - len(history)
    parts = [f"epoch {history.epoch[-1]:>{len(str(first + epochs))}}/{first + epochs}", f"loss {history.loss[-1]:.6f}"]
    if history.val_loss:
        parts += [f"val_loss {history.val_loss[-1]:.6f}", f"val_score {history.val_score[-1]:.4f}"]
    return "  ".join([*parts, f"{history.time[-1]:.2f} s"])


def print_line(history: History, epochs: int) -> None:
    print(line(history, epochs), flush=True)


def reporting(verbose: int | Callable[[History, int], None]):
    """(function, how often it is called) for the `verbose` of `Network.fit`."""
    if callable(verbose):
        return verbose, 1
    every = validation.check_integer("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0)
    return (print_line, every) if every else (None, 1)


class Reporter:
    """A bar on a terminal (with tqdm, extra ``cmlp[progress]``), else lines: a context, to be called after every epoch."""

    LINES = 10  # about as many in a short training
    SECONDS = 5.0  # a long one is not silent for longer, if its epochs are not

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.every = max(1, epochs // self.LINES)
        self.said = 0.0
        self.bar: Any = None

    def __enter__(self) -> "Reporter":
        if sys.stderr is not None and sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return self
            self.bar = tqdm(total=self.epochs, unit=" epochs")
        return self

    def __exit__(self, *exception) -> None:
        if self.bar is not None:
            self.bar.close()

    def __call__(self, history: History, epochs: int) -> None:
        done, now = len(history), history.time[-1]
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{history.loss[-1]:.4g}", refresh=False)
            self.bar.update(done - self.bar.n)
        elif done % self.every == 0 or done == epochs or now - self.said >= self.SECONDS:
            print_line(history, epochs)
            self.said = now
