"""What happened in a training, epoch by epoch, and how it ended."""

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

logger = logging.getLogger("cmlp")


class DivergenceError(FloatingPointError):
    """Training met a loss or an update that is not finite; the network holds the last finite parameters."""


class Ending(StrEnum):
    """Why a training ended; a callback may give another reason."""

    def __repr__(self) -> str:
        return repr(str(self))

    NOT_YET = ""
    EPOCHS = "epochs"
    PATIENCE = "patience"
    THRESHOLD = "threshold"
    CONVERGED = "converged"
    INTERRUPTED = "interrupted"


class CallEnding(StrEnum):
    """How one call of the core ended."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    LOSS_NOT_FINITE = "loss not finite"
    CHANGE_NOT_FINITE = "change not finite"


@dataclass
class History:
    """What happened in a training, by epoch: lists of equal length.

    Attributes
    ----------
    epoch : list of int
        Counted from 1 over all calls of fit.
    loss : list of float
        Mean loss of the training samples, each before its own update.
    largest_change : list of float
        The largest change of any W or b in any update of the epoch.
    learning_rate : list of float
    time : list of float
        Seconds since fit began; interpolated where one call of the core ran several epochs.
    val_loss, val_score : list of float
        After the epoch, on validation_data: mean loss, and accuracy or R2. Empty without it.
    metrics : dict of str to list of float
        What else was computed after the epoch: "val_auc" for the metric "auc"; of another set "test" of validation_data,
        "test_loss", "test_score" and "test_auc".
    stopped : str
        Why it ended: "epochs" (all were run), "patience" (early stopping), "threshold", "converged" (L-BFGS), "interrupted"
        (Ctrl-C), or the reason that a callback gave.
    best_epoch : int or None
        The one whose weights were restored, with restore_best.
    """

    epoch: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    largest_change: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_score: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    stopped: str = ""
    best_epoch: int | None = None

    def to_dict(self) -> dict[str, list[float]]:
        """Column -> list; the validation columns only if there was validation data."""
        names = ["epoch", "loss", "largest_change", "learning_rate", "time", "val_loss", "val_score"]
        columns = {name: getattr(self, name) for name in names} | self.metrics
        return {name: list(column) for name, column in columns.items() if len(column) == len(self.epoch)}

    def add(self, values: dict[str, float]) -> None:
        """Append what was computed on validation data after an epoch, by name."""
        for name, value in values.items():
            column = getattr(self, name) if name in ("val_loss", "val_score") else self.metrics.setdefault(name, [])
            column.append(value)

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row an epoch.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("History.to_frame needs pandas: pip install pandas; to_dict() does without") from None
        return pd.DataFrame(self.to_dict())

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        end = f", loss {self.loss[-1]:.6g}, {self.time[-1]:.3g} s" if self.epoch else ""
        return f"<History: {len(self)} epochs{end}, stopped by {self.stopped or 'nothing yet'}>"


def log_begin(network: Any, n_samples: int, optimizer: Any, n_threads: int) -> None:
    logger.info("training %r on %d samples with %r, at most %d threads", network, n_samples, optimizer, n_threads)


def log_epochs(history: History, n: int) -> None:
    """The last n epochs."""
    if n and logger.isEnabledFor(logging.DEBUG):
        for epoch, loss in zip(history.epoch[-n:], history.loss[-n:]):
            logger.debug("epoch %d: loss %.6g", epoch, loss)


def log_end(history: History) -> None:
    loss = history.loss[-1] if history.loss else float("nan")
    logger.info("ended by %s after %d epochs, loss %.6g", history.stopped, len(history), loss)
