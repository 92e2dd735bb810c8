"""Python code that runs between the epochs of a training, or between its steps."""

import csv
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import files, validation
from cmlp.layers import Array

HOOKS = ("on_prepare", "on_fit_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_pause", "on_fit_end")


class Callback:
    """Empty hooks; a subclass fills in those that it needs.

    Each gets the training, whose attributes are

    ``network``
        The one that is trained: look at it, predict with it; it cannot be trained from here.
    ``history``
        What happened so far; in `on_epoch_end` the last entries are this epoch's.
    ``epochs``, ``steps_per_epoch``, ``steps``
        Epochs asked for, updates in one, updates made by this call of fit.
    ``learning_rates(steps)``
        In any steps, counted from 0.
    ``stop(reason)``
        End after this epoch, or this step; the reason goes into ``history.stopped``.

    `on_prepare` comes when everything is checked and nothing has changed yet: an exception from it refuses the training.
    `on_pause` comes whenever the compiled core has returned, which is several times a second, after whole steps.
    An exception ends the training; the network holds the last whole step. `on_fit_end` is called in any case. With a hook
    for epochs there is a call of the compiled core for each epoch; `on_step_end` needs one for each step, and a copy of all
    parameters before it, which is slow.

    Examples
    --------
    >>> import cmlp
    >>> class Watch(cmlp.callbacks.Callback):
    ...     def on_epoch_end(self, training):
    ...         if training.history.loss[-1] < 0.2:
    ...             training.stop("good enough")
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    >>> net.fit(X, y, epochs=100, callbacks=[Watch()]).stopped
    'good enough'
    """

    def on_prepare(self, training) -> None: ...

    def on_fit_begin(self, training) -> None: ...

    def on_epoch_begin(self, training) -> None: ...

    def on_step_end(self, training) -> None: ...

    def on_epoch_end(self, training) -> None: ...

    def on_pause(self, training) -> None: ...

    def on_fit_end(self, training) -> None: ...

    def state(self) -> dict[str, Any]:
        """What it has to remember for a training that is to go on: numbers, text, lists of these, arrays, by name.

        A subclass that defines `state` and `restore` can stand beside a `Checkpoint`.
        """
        raise ValueError(
            f"a checkpoint cannot hold the callback {type(self).__name__}: give it the methods state(), which returns what it "
            "has to remember by name, and restore(state)"
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Remember what `state` has told; called after `on_fit_begin`."""

    def check(self, state: dict[str, Any], network) -> None:
        """Raise, before anything changes, if a state that was read does not fit; network: as it was then."""

    def settings(self) -> dict[str, Any]:
        """What must be the same when a training goes on: numbers and text by name."""
        return {}


class Callbacks:
    """All of a training, as one."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.each = callbacks
        self.begun: list[Callback] = []
        self.states: list[dict[str, Any]] | None = None  # what each knew in the training that this one goes on with
        used = {
            hook for callback in callbacks for hook in HOOKS if getattr(type(callback), hook) is not getattr(Callback, hook)
        }
        self.by_step = "on_step_end" in used
        self.by_epoch = self.by_step or bool(used & {"on_epoch_begin", "on_epoch_end"})

    def call(self, hook: str, training) -> None:
        """Call a hook of each; `on_fit_end` of those that have begun."""
        for callback in list(self.begun if hook == "on_fit_end" else self.each):
            if hook == "on_fit_begin":
                self.begun.append(callback)
            getattr(callback, hook)(training)
            if hook == "on_fit_begin" and self.states is not None:
                callback.restore(self.states[len(self.begun) - 1])


def check(callbacks) -> list[Callback]:
    """A list of callbacks, from one, several or None."""
    given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or [])
    for callback in given:
        if not isinstance(callback, Callback):
            validation.check_no_class("callbacks", callback)
            raise ValueError(f"callbacks must be objects of cmlp.callbacks.Callback or of its subclasses; got {callback!r}")
    return given


class Monitor:
    """A number watched from epoch to epoch, and which way is better.

    By name: loss, val_loss (lower is better), val_score (higher); or a function of the network (higher is better).
    """

    NAMES = ("loss", "val_loss", "val_score")

    def __init__(self, monitor: str | Callable[[Any], float]) -> None:
        if not callable(monitor):
            validation.check_name("monitor", monitor, self.NAMES)
        self.monitor = monitor
        self.name = "a function" if callable(monitor) else monitor
        self.sign = -1 if monitor in ("loss", "val_loss") else 1

    def value(self, training) -> float:
        if callable(self.monitor):
            return float(self.monitor(training.network))
        values = getattr(training.history, self.monitor)
        if not values:
            raise ValueError(f"monitor {self.monitor!r} needs validation_data")
        return values[-1]

    def is_better(self, value: float, best: float | None, by: float = 0.0) -> bool:
        return best is None or self.sign * (value - best) > by


def check_best(best: Any) -> None:
    if best is not None:
        validation.check_number("best", best)


class EarlyStopping(Callback):
    """Stop when what is monitored has not become better for `patience` epochs in a row.

    Parameters
    ----------
    monitor : {"val_loss", "val_score", "loss"} or callable, default "val_loss"
        Or a function of the network that returns a number, the higher the better.
    patience : int, default 10
    min_change : float, default 0.0
        What counts as better: by more than this.
    restore_best : bool, default True
        End with the parameters of the best epoch; but after Ctrl-C or an exception, with the last step's.

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

    def __init__(self, monitor="val_loss", patience: int = 10, min_change: float = 0.0, restore_best: bool = True) -> None:
        self.monitor = Monitor(monitor)
        self.patience = validation.check_integer("patience", patience, 1)
        self.min_change = validation.check_number("min_change", min_change, least=0)
        self.restore_best = validation.check_flag("restore_best", restore_best)
        self.forget()

    def forget(self) -> None:
        self.best: float | None = None
        self.best_epoch = 0
        self.without = 0
        self.values: list[float] = []
        self.kept: list[Array] = []

    def on_fit_begin(self, training) -> None:
        self.forget()

    def settings(self) -> dict[str, Any]:
        own = {"patience": self.patience, "min_change": self.min_change, "restore_best": self.restore_best}
        return own | {"monitor": self.monitor.name}

    def check(self, state: dict[str, Any], network) -> None:
        kept = [state[name] for name in ("kept0", "kept1") if name in state]
        fitting = [
            isinstance(each, np.ndarray) and each.shape == network.variables.shape and each.dtype == network.dtype
            and bool(np.isfinite(each).all())
            for each in kept
        ]  # fmt: skip
        check_best(state["best"])
        for name in ("best_epoch", "without"):
            validation.check_integer(name, state[name], 0)
        if not all(fitting) or np.ndim(state["values"]) != 1 or (self.restore_best and state["best"] is not None and not kept):
            raise ValueError("EarlyStopping has kept parameters of another network, or none")

    def state(self) -> dict[str, Any]:
        counted = {"best": self.best, "best_epoch": self.best_epoch, "without": self.without}
        return counted | {"values": np.array(self.values)} | {f"kept{i}": kept for i, kept in enumerate(self.kept)}

    def restore(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch, self.without = state["best"], state["best_epoch"], state["without"]
        self.values = np.asarray(state["values"]).tolist()
        self.kept = [state[name] for name in ("kept0", "kept1") if name in state]

    def on_epoch_end(self, training) -> None:
        value = self.monitor.value(training)
        self.values.append(value)
        if self.monitor.is_better(value, self.best, self.min_change):
            self.best, self.best_epoch, self.without = value, training.history.epoch[-1], 0
            self.kept = [kept.copy() for kept in self.to_keep(training.network)]
        else:
            self.without += 1
        if self.without >= self.patience:
            training.stop("no progress")

    def to_keep(self, network) -> list[Array]:
        """The parameters, and their running mean where there is one."""
        return [kept for kept in (network.variables, network.mean) if kept is not None] if self.restore_best else []

    def on_fit_end(self, training) -> None:
        if self.kept and training.history.stopped not in ("", "interrupted"):
            for now, best in zip(self.to_keep(training.network), self.kept):
                now[:] = best
            training.history.best_epoch = self.best_epoch
        self.kept = []


class Progress(Callback):
    """A bar with loss, validation score, learning rate and the time left (with tqdm, extra ``cmlp[progress]``).

    Parameters
    ----------
    always : bool, default False
        Also where standard error is no terminal; else it is silent there.

    Raises
    ------
    ImportError
        At the beginning of a training that it would show, without tqdm.
    """

    def __init__(self, always: bool = False) -> None:
        self.always = validation.check_flag("always", always)
        self.bar: Any = None

    def state(self) -> dict[str, Any]:
        return {}

    def on_fit_begin(self, training) -> None:
        self.bar = None
        if not self.always and not (sys.stderr is not None and sys.stderr.isatty()):
            return
        try:
            from tqdm import tqdm
        except ImportError:
            raise ImportError("Progress needs tqdm: pip install cmlp[progress]") from None
        self.bar = tqdm(total=training.epochs, initial=len(training.history), unit=" epochs", file=sys.stderr)

    def on_epoch_end(self, training) -> None:
        if self.bar is None:
            return
        history = training.history
        shown = {"loss": f"{history.loss[-1]:.4g}", "rate": f"{history.learning_rate[-1]:.3g}"}
        if history.val_score:
            shown["val_score"] = f"{history.val_score[-1]:.4f}"
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(1)

    def on_fit_end(self, training) -> None:
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

    def __init__(self, path, append: bool = False) -> None:
        self.path = Path(path)
        self.append = validation.check_flag("append", append)
        self.file: Any = None

    def state(self) -> dict[str, Any]:
        return {}

    def on_fit_begin(self, training) -> None:
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

    def on_epoch_end(self, training) -> None:
        columns = training.history.to_dict()
        writer = csv.writer(self.file)
        if self.header:
            writer.writerow(columns)
            self.header = False
        writer.writerow([values[-1] for values in columns.values()])
        self.file.flush()

    def on_fit_end(self, training) -> None:
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
    rates : list of float
        Of the last update of each epoch, or of each update.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> rates = cmlp.callbacks.LearningRateMonitor(by_step=True)
    >>> optimizer = cmlp.Adam(cmlp.schedules.OneCycle(0.01))
    >>> _ = cmlp.Network([64, 10], input_scale=1 / 16).fit(X, y, optimizer=optimizer, epochs=3, callbacks=[rates])
    >>> len(rates.rates), max(rates.rates) <= 0.01
    (45, True)
    """

    def __init__(self, by_step: bool = False) -> None:
        self.by_step = validation.check_flag("by_step", by_step)
        self.rates: list[float] = []

    def state(self) -> dict[str, Any]:
        return {"rates": np.array(self.rates)}

    def restore(self, state: dict[str, Any]) -> None:
        self.rates = np.asarray(state["rates"]).tolist()

    def check(self, state: dict[str, Any], network) -> None:
        if np.ndim(state["rates"]) != 1:
            raise ValueError("the rates of a LearningRateMonitor are a list")

    def settings(self) -> dict[str, Any]:
        return {"by_step": self.by_step}

    def on_fit_begin(self, training) -> None:
        self.rates = []

    def on_epoch_end(self, training) -> None:
        first = training.steps - training.steps_per_epoch if self.by_step else training.steps - 1
        self.rates += training.learning_rates(range(first, training.steps))


def __getattr__(name: str):
    """Those that write files are kept with what else does."""
    if name in ("Checkpoint", "ModelCheckpoint"):
        return getattr(importlib.import_module("cmlp.persistence"), name)
    raise AttributeError(f"module 'cmlp.callbacks' has no attribute {name!r}")
