"""What a training prints while it runs: a progress bar on a terminal and in notebooks, lines elsewhere."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

from cmlp import validation
from cmlp.training.history import History

LINES = 10  # about as many in a short training
SECONDS = 5.0  # a long one is not silent for longer, if its epochs are not
UPDATES = 200  # at most, where nothing else needs a look at each epoch


def line(history: History, epochs: int) -> str:
    """The last epoch in one line."""
    first, done, seconds = history.epoch[-1] - len(history), len(history), history.time[-1]
    parts = [f"epoch {history.epoch[-1]:>{len(str(first + epochs))}}/{first + epochs}", f"loss {history.loss[-1]:.6f}"]
    if history.val_loss:
        parts += [f"val_loss {history.val_loss[-1]:.6f}", f"val_score {history.val_score[-1]:.4f}"]
    left = seconds / done * (epochs - done)
    ends = history.stopped or done == epochs
    return "  ".join([*parts, f"{seconds:.2f} s" + ("" if ends else f", {left:.3g} s left")])


def print_line(history: History, epochs: int) -> None:
    print(line(history, epochs), flush=True)


def reporting(verbose: Any, epochs: int) -> tuple[Callable[[History, int], None] | None, int]:
    """(function, after how many epochs it is called) for the `verbose` of `Network.fit`."""
    if callable(verbose):
        return verbose, 1
    every = validation.check_integer("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0)
    if every == 1:
        progress = Progress(epochs)
        return progress, progress.every
    return (print_line, every) if every else (None, 1)


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def draws_bars() -> bool:
    """Whether there is somebody to look at a bar."""
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


class Bar:
    """A bar of tqdm, whose auto module knows notebooks: loss, validation metrics, learning rate and the time left.

    Raises
    ------
    ImportError
        Without tqdm.
    """

    def __init__(self, epochs: int, done: int = 0) -> None:
        tqdm = importlib.import_module("tqdm.auto" if in_notebook() else "tqdm").tqdm
        self.bar = tqdm(total=epochs, initial=done, unit=" epochs", file=None if in_notebook() else sys.stderr)

    def show(self, history: History) -> None:
        shown = {"loss": f"{history.loss[-1]:.4g}"}
        if history.val_loss:
            shown |= {"val_loss": f"{history.val_loss[-1]:.4g}", "val_score": f"{history.val_score[-1]:.4f}"}
        if history.learning_rate[-1] == history.learning_rate[-1]:  # L-BFGS has none
            shown["lr"] = f"{history.learning_rate[-1]:.3g}"
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(len(history) - self.bar.n)

    def close(self) -> None:
        self.bar.close()


class Progress:
    """``verbose=1``: a bar where somebody looks and tqdm is installed (extra ``cmlp[progress]``), else some lines."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.said, self.said_at = epochs, 0, 0.0
        self.bar: Bar | None = None
        self.draws = draws_bars() and importlib.util.find_spec("tqdm") is not None
        self.line_every = max(1, epochs // LINES)
        self.every = max(1, epochs // UPDATES)

    def __call__(self, history: History, epochs: int) -> None:
        done, now = len(history), history.time[-1]
        if self.draws:
            self.bar = self.bar or Bar(self.epochs)
            self.bar.show(history)
        elif done - self.said >= self.line_every or done == epochs or history.stopped or now - self.said_at >= SECONDS:
            print_line(history, epochs)
            self.said, self.said_at = done, now

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
