"""Callbacks: Python code that runs between the epochs of a training, or between its steps.

`Callback` is the base class of your own; those that write files, `Checkpoint` and `ModelCheckpoint`, are here too.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.persistence import files
from cmlp.persistence.checkpoints import Checkpoint, ModelCheckpoint
from cmlp.training.hooks import Callback, Monitor
from cmlp.training.progress import Bar, draws_bars
from cmlp.training.stopping import Stopping, Watch

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "LearningRateMonitor",
    "ModelCheckpoint",
    "OptunaPruning",
    "Progress",
]


class EarlyStopping(Callback):
    """Early stopping as a callback: `Network.fit(stopping=...)` does the same, this one keeps what it saw.

    Parameters
    ----------
    monitor, patience, min_delta, restore_best
        As in `cmlp.Stopping`, with the same defaults.

    Attributes
    ----------
    best, best_epoch : float, int
        After a fit.
    values : list of float
        What was monitored, epoch by epoch.

    Examples
    --------
    >>> import cmlp
    >>> X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    >>> net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    >>> stopping = cmlp.callbacks.EarlyStopping("val_score", patience=5)
    >>> history = net.fit(X, y, epochs=500, validation_data=(X_test, y_test), callbacks=[stopping])
    >>> net.score(X_test, y_test) == stopping.best
    True
    """

    @validation.answer_misnamed
    def __init__(
        self,
        monitor: str | Callable[[Any], float] = "val_loss",
        patience: int | None = 10,
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        self.stopping = Stopping(monitor, patience, min_delta, restore_best)
        self.watch = Watch(self.stopping)

    @property
    def best(self) -> float | None:
        return self.watch.best

    @property
    def best_epoch(self) -> int:
        return self.watch.best_epoch

    @property
    def values(self) -> list[float]:
        return self.watch.values

    def on_prepare(self, training: Any) -> None:
        self.watch.check(training)

    def on_fit_begin(self, training: Any) -> None:
        self.watch = Watch(self.stopping)

    def settings(self) -> dict[str, Any]:
        return self.watch.settings()

    def state(self) -> dict[str, Any]:
        return self.watch.state()

    def check(self, state: dict[str, Any], network: Any) -> None:
        self.watch.check_state(state, network)

    def restore(self, state: dict[str, Any]) -> None:
        self.watch.set_state(state)

    def on_epoch_end(self, training: Any) -> None:
        self.watch.see(training, 1)
        ending = self.watch.ending(training)
        if ending:
            training.stop(ending)

    def on_fit_end(self, training: Any) -> None:
        self.watch.restore(training)
        self.watch.kept = []


class Progress(Callback):
    """A progress bar with loss, validation metrics, learning rate and the time left (with tqdm, extra ``cmlp[progress]``).

    ``Network.fit(verbose=1)`` draws the same bar.

    Parameters
    ----------
    always : bool, default False
        Also where standard error is no terminal; else it is silent there.

    Raises
    ------
    ImportError
        At the beginning of a training that it would show, without tqdm.
    """

    @validation.answer_misnamed
    def __init__(self, always: bool = False) -> None:
        self.always = validation.check_flag("always", always)
        self.bar: Bar | None = None

    def state(self) -> dict[str, Any]:
        return {}

    def on_fit_begin(self, training: Any) -> None:
        self.bar = None
        if not self.always and not draws_bars():
            return
        try:
            self.bar = Bar(training.epochs, len(training.history))
        except ImportError:
            raise ImportError("Progress needs tqdm: pip install cmlp[progress]") from None

    def on_epoch_end(self, training: Any) -> None:
        if self.bar is not None:
            self.bar.show(training.history)

    def on_fit_end(self, training: Any) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


class CSVLogger(Callback):
    """A line of a CSV file for each epoch, with the columns of `History.to_dict`, readable while the training runs.

    Parameters
    ----------
    path : str or Path
    append : bool, default False
        To an existing file, without a second header.
    """

    needed_to_resume = False

    @validation.answer_misnamed
    def __init__(self, path: str | Path, append: bool = False) -> None:
        self.path = Path(path)
        self.append = validation.check_flag("append", append)
        self.file: Any = None

    def state(self) -> dict[str, Any]:
        return {}

    def on_fit_begin(self, training: Any) -> None:
        if training.steps > 0 and self.path.exists():
            self._forget_after(training.history.epoch[-1] if training.history.epoch else 0)
        goes_on = self.append or training.steps > 0
        self.header = not (goes_on and self.path.exists() and self.path.stat().st_size > 0)
        self.file = self.path.open("a" if goes_on else "w", newline="", encoding="utf-8")

    def _forget_after(self, epoch: int) -> None:
        """Take the last lines off that are of later epochs: a training that goes on from there comes to them again."""
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        while lines and (number := lines[-1].split(",")[0]).isdigit() and int(number) > epoch:
            lines.pop()
        files.write_whole(self.path, ["".join(lines).encode()])

    def on_epoch_end(self, training: Any) -> None:
        columns = training.history.to_dict()
        writer = csv.writer(self.file)
        if self.header:
            writer.writerow(columns)
            self.header = False
        writer.writerow([values[-1] for values in columns.values()])
        self.file.flush()

    def on_fit_end(self, training: Any) -> None:
        if self.file is not None:
            self.file.close()
            self.file = None


class LearningRateMonitor(Callback):
    """The learning rate of every epoch, or of every step.

    Parameters
    ----------
    by_step : bool, default False

    Attributes
    ----------
    learning_rates : list of float
        Of the last update of each epoch, or of each update.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> monitor = cmlp.callbacks.LearningRateMonitor(by_step=True)
    >>> optimizer = cmlp.Adam(cmlp.schedules.OneCycle(0.01))
    >>> _ = cmlp.Network([64, 10], input_scale=1 / 16).fit(X, y, optimizer=optimizer, epochs=3, callbacks=[monitor])
    >>> len(monitor.learning_rates), max(monitor.learning_rates) <= 0.01
    (45, True)
    """

    @validation.answer_misnamed
    def __init__(self, by_step: bool = False) -> None:
        self.by_step = validation.check_flag("by_step", by_step)
        self.learning_rates: list[float] = []

    def state(self) -> dict[str, Any]:
        return {"learning_rates": np.array(self.learning_rates)}

    def restore(self, state: dict[str, Any]) -> None:
        self.learning_rates = np.asarray(state["learning_rates"]).tolist()

    def check(self, state: dict[str, Any], network: Any) -> None:
        if np.ndim(state["learning_rates"]) != 1:
            raise ValueError("learning_rates of a LearningRateMonitor must be a list")

    def settings(self) -> dict[str, Any]:
        return {"by_step": self.by_step}

    def on_fit_begin(self, training: Any) -> None:
        self.learning_rates = []

    def on_epoch_end(self, training: Any) -> None:
        first = training.steps - training.steps_per_epoch if self.by_step else training.steps - 1
        self.learning_rates += training.learning_rates(range(first, training.steps))


class OptunaPruning(Callback):
    """Pruning of trials by Optuna: reports what is monitored after each epoch, and ends the training if the trial is pruned.

    ``fit`` then raises ``optuna.TrialPruned``, which Optuna expects from an objective; the network holds the last epoch.

    Parameters
    ----------
    trial : optuna.trial.Trial
        Of a study with one objective.
    monitor : {"val_loss", "val_score", "loss"} or callable, default "val_loss"
        As in `cmlp.Stopping`. The study must know its direction: "minimize" for losses, "maximize" for val_score.

    Raises
    ------
    TypeError
        If trial is none.

    Examples
    --------
    >>> import cmlp
    >>> X, y, X_val, y_val = cmlp.datasets.load_digits(split=True)
    >>> def objective(trial):
    ...     net = cmlp.Network([64, trial.suggest_int("width", 16, 64), 10], input_scale=1 / 16)
    ...     pruning = cmlp.callbacks.OptunaPruning(trial, "val_score")
    ...     net.fit(X, y, epochs=20, validation_data=(X_val, y_val), callbacks=[pruning])
    ...     return net.score(X_val, y_val)
    """

    @validation.answer_misnamed
    def __init__(self, trial: Any, monitor: str | Callable[[Any], float] = "val_loss") -> None:
        if isinstance(trial, type) or not all(callable(getattr(trial, name, None)) for name in ("report", "should_prune")):
            raise TypeError(f"trial must be an optuna.trial.Trial, as an objective gets it, got {trial!r}")
        self.trial, self.monitor = trial, Monitor(monitor)

    def state(self) -> dict[str, Any]:
        return {}

    def settings(self) -> dict[str, Any]:
        return {"monitor": self.monitor.name}

    def on_prepare(self, training: Any) -> None:
        self.monitor.check(training)

    def on_epoch_end(self, training: Any) -> None:
        epoch = len(training.history)
        self.trial.report(self.monitor.value(training), epoch)
        if self.trial.should_prune():
            import optuna

            raise optuna.TrialPruned(f"pruned after epoch {epoch}")
