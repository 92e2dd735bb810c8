"""Checkpoints: callbacks that save a training while it runs, and resume it after an interruption."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.model import Model
from cmlp.persistence import description, models, safetensors, snapshot
from cmlp.persistence.safetensors import Archive, DamagedFileError
from cmlp.persistence.values import described
from cmlp.regularization import UpdateRules
from cmlp.training.hooks import Callback, Monitor
from cmlp.training.lbfgs import LBFGSTraining

PREFIX = "training."  # of tensors besides those of the network


class MismatchError(ValueError):
    """A checkpoint is of another network, other data or other settings; `problem` is the message without the remedy."""

    def __init__(self, problem: str, setting: str, remedy: str = "") -> None:
        super().__init__(f"{problem}: {remedy}" if remedy else problem)
        self.problem, self.setting = problem, setting


class Checkpoint(Callback):
    """Save the whole training to a file, from which it is resumed bit for bit (on the same instruction set).

    The file holds the network, the optimizer state, the position in the epoch, the best weights so far, the EMA of the weights,
    the counters of early stopping and schedules, and the history. It is written to a temporary file and then renamed, so a
    complete file always exists. To resume, give `Network.fit` the same data and arguments; only `n_threads`, `verbose`,
    `CSVLogger` and `epochs` may differ (a schedule without a length of its own follows `epochs`). The data are verified by a
    checksum of up to 1,000 samples. `cmlp.load` loads the network of the file. `cmlp.show_config` prints the instruction set.

    Parameters
    ----------
    path : str or Path
    every : int or None, default 1
        Save every so many epochs; None for `minutes` alone.
    minutes : float, optional
        Save whenever so many minutes have passed, also within an epoch.
    resume : bool, str or Path, default False
        Resume from this file; with True, from `path` if it exists.
    around : cmlp.Model, optional
        Save its preprocessing and the units of its target as well: `cmlp.load` then returns a model.

    Raises
    ------
    ValueError
        By `fit`, before anything changes: if the training cannot be saved (a Python function as loss or schedule, a custom
        callback without `Callback.state`, L-BFGS), or if the file does not match the arguments.
    DamagedFileError
        If the file is not a checkpoint, or damaged.

    Examples
    --------
    >>> import pathlib, tempfile, cmlp
    >>> from cmlp.callbacks import Checkpoint
    >>> X, y = cmlp.datasets.load_digits()
    >>> net, other = (cmlp.Network([64, 32, 10], dropout=0.2, input_scale=1 / 16) for _ in range(2))
    >>> _ = net.fit(X, y, epochs=6)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "training.safetensors")
    ...     _ = other.fit(X, y, epochs=3, callbacks=[Checkpoint(path)])
    ...     _ = other.fit(X, y, epochs=6, callbacks=[Checkpoint(path, resume=True)])  # the last three
    >>> (net.theta == other.theta).all()
    np.True_
    """

    @validation.answer_misnamed
    def __init__(
        self,
        path: str | Path,
        every: int | None = 1,
        minutes: float | None = None,
        resume: bool | str | Path = False,
        around: Model | None = None,
    ) -> None:
        self.path = Path(path)
        self.every = None if every is None else validation.check_integer("every", every, 1)
        self.minutes = None if minutes is None else validation.check_positive("minutes", minutes)
        if every is None and minutes is None:
            raise ValueError("every or minutes must be given, got None for both")
        self.around = validation.check_kind("around", around, Model)
        self.resume = resume if isinstance(resume, bool) else Path(resume)

    def state(self) -> dict[str, Any]:
        return {}

    def on_prepare(self, training: Any) -> None:
        if isinstance(training, LBFGSTraining):
            raise ValueError("Checkpoint does not support LBFGS, whose state is inside scipy: use another optimizer")
        self.required = settings_of(training)
        description.describe(training.network)
        for callback in training.callbacks.each:
            if type(callback).state is Callback.state:
                callback.state()  # raises, and says what is missing
        if self.resume is True and not self.path.exists():
            return
        if self.resume:
            resume(training, self.path if self.resume is True else self.resume, self.required)

    def on_fit_begin(self, training: Any) -> None:
        self.saved, self.due = time.monotonic(), False

    def on_epoch_end(self, training: Any) -> None:
        self.due = self.every is not None and len(training.history) % self.every == 0

    def on_pause(self, training: Any) -> None:
        late = self.minutes is not None and time.monotonic() - self.saved >= 60 * self.minutes
        if self.due or late or training.history.stopped:
            write(self.path, training, self.required, self.around)
            self.saved, self.due = time.monotonic(), False


def settings_of(training: Any) -> dict[str, Any]:
    """The settings that must be the same when a training is resumed, as JSON.

    Raises
    ------
    ValueError
        If one of them is a Python function.
    """
    settings, network = training.settings, training.network
    evaluated = [] if settings.evaluate is None else settings.evaluate.sets.items()
    callbacks = snapshot.needed(training.callbacks.each)
    found = {
        "optimizer": described(settings.optimizer, "optimizer"),
        "batch_size and gradient_accumulation_steps": [settings.batch_size, settings.update_size],
        "shuffle": settings.shuffle,
        "dropout": described(settings.dropout, "dropout"),
        "regularization, clipping, lr_multipliers and ema_decay": described_rules(settings.rules),
        "stopping": described(training.watch.settings(), "stopping"),
        "validation_data": [[name, snapshot.fingerprint(network, each.samples)] for name, each in evaluated],
        "metrics": [] if settings.evaluate is None else list(settings.evaluate.metrics),
        "X, y and weights": snapshot.fingerprint(network, training.samples),
        "callbacks": [[type(each).__name__, described(each.settings(), "callbacks")] for each in callbacks],
    }
    return found


def described_rules(rules: UpdateRules | None) -> list[Any] | None:
    if rules is None:
        return None
    limits = [described(number, "clipping") for number in (rules.clip_value, rules.clip_norm)]
    decay = described(rules.decay, "regularization.weight_decay")
    return [rules.blocks.tolist(), *limits, bool(rules.by_block), float(rules.ema_share), decay]


def write(path, training, settings: dict[str, Any], around: Model | None = None) -> None:
    """Save the state of a training between two steps.

    Raises
    ------
    ValueError
        If the state of a callback holds anything but numbers, strings and arrays.
    """
    arrays, state = snapshot.take(training)
    tensors = description.tensors_of(training.network) | {PREFIX + name: array for name, array in arrays.items()}
    training_described = {"settings": settings, "state": described(state, "the state of a training")}
    sections = {"network": description.describe(training.network), "training": training_described}
    if around is not None:
        tensors |= models.tensors_of(around.columns, around.mean, around.scale)
        sections["model"] = models.describe_model(around)
    safetensors.write(path, tensors, description.as_metadata("checkpoint", **sections))


def resume(training, path, settings: dict[str, Any]) -> None:
    """Restore the state of a training from a file, before its first step.

    Raises
    ------
    ValueError
        If the file is of another network, other data or other settings.
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        saved = archive.section("training") if archive.metadata.get("kind") == "checkpoint" else None
        if saved is None:
            raise ValueError(f"{path} must be a checkpoint, got a {archive.metadata.get('kind')}: load it with cmlp.load")
        check_same(path, archive.section("network"), training.network, saved, settings)
        buffers = buffers_for(archive)
        network = description.rebuild(archive, buffers | models.buffers_for(archive))
    arrays = {name.removeprefix(PREFIX): array for name, array in buffers.items()}
    with description.refusing(path):
        snapshot.put(training, network, arrays, description.restored(saved["state"]))


def buffers_for(archive: Archive) -> dict[str, np.ndarray]:
    """Empty arrays for the tensors of a training."""
    return archive.read([name for name in archive.entries if name.startswith(PREFIX)])


def check_same(path, described_network, network, saved: dict[str, Any], settings: dict[str, Any]) -> None:
    here = description.describe(network)
    for name in sorted(description.ARCHITECTURE | {"input_scale", "dtype"}):
        if described_network.get(name) != here[name]:
            raise MismatchError(
                f"{path} is a checkpoint of another network: its {name} is {described_network.get(name)}, got {here[name]}",
                name,
            )
    if not isinstance(saved.get("settings"), dict) or saved.keys() != {"settings", "state"}:
        raise DamagedFileError(f"{path}: the description of the training must hold settings and state")
    for name, value in settings.items():
        before = saved["settings"].get(name)
        if before != value:
            is_fingerprint = name in ("X, y and weights", "validation_data")  # meaningless to a reader
            both = "" if is_fingerprint else f" ({str(before)[:200]}), got {str(value)[:200]}"
            raise MismatchError(f"{path} was saved with another {name}{both}", name, "call fit with the same arguments")


class ModelCheckpoint(Callback):
    """Save the network with `cmlp.save` every so many epochs; with `monitor`, only if it is the best so far.

    Parameters
    ----------
    path : str or Path
        ``{epoch}`` is replaced by the number of the epoch.
    monitor : {"val_loss", "val_score", "loss"} or callable, optional
        As in `cmlp.Stopping`.
    every : int, default 1
        Save every so many epochs.

    Attributes
    ----------
    best : float or None
        The best value of what is monitored.

    Examples
    --------
    >>> import pathlib, tempfile, cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 10], input_scale=1 / 16)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "digits.safetensors")
    ...     _ = net.fit(X, y, callbacks=[cmlp.callbacks.ModelCheckpoint(path)])
    ...     cmlp.load(path).score(X, y) == net.score(X, y)
    True
    """

    @validation.answer_misnamed
    def __init__(self, path: str | Path, monitor: str | Callable[[Any], float] | None = None, every: int = 1) -> None:
        self.path = str(path)
        self.monitor = None if monitor is None else Monitor(monitor)
        self.every = validation.check_integer("every", every, 1)
        self.best: float | None = None

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def check(self, state: dict[str, Any], network: Any) -> None:
        if state["best"] is not None:
            validation.check_number("best", state["best"])

    def settings(self) -> dict[str, Any]:
        return {"monitor": None if self.monitor is None else self.monitor.name, "every": self.every}

    def restore(self, state: dict[str, Any]) -> None:
        self.best = state["best"]

    def on_prepare(self, training: Any) -> None:
        description.describe(training.network)
        if self.monitor is not None:
            self.monitor.check(training)

    def on_fit_begin(self, training: Any) -> None:
        self.best = None

    def on_epoch_end(self, training: Any) -> None:
        if len(training.history) % self.every != 0:
            return
        if self.monitor is not None:
            value = self.monitor.value(training)
            if self.best is not None and self.monitor.sign * value >= self.monitor.sign * self.best:
                return
            self.best = value
        description.save(training.network, self.path.replace("{epoch}", str(training.history.epoch[-1])))
