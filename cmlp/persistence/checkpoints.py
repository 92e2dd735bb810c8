"""Trainings in files: callbacks that write them while they run, and let them go on after they were killed."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import snapshot, validation
from cmlp.callbacks import Callback, Monitor, check_best
from cmlp.lbfgs import LBFGSTraining
from cmlp.model import Model
from cmlp.persistence import description, models, safetensors
from cmlp.persistence.safetensors import Archive, DamagedFileError
from cmlp.persistence.values import described

PREFIX = "training."  # of the tensors that a network has not


class Checkpoint(Callback):
    """Write everything that a training is into a file, so that it can go on if it is killed, to the same bits.

    (On the same instruction set: see `cmlp.show_config`.)

    The file holds the network and, besides, the optimizer's memory, the place in the epoch, schedules, the best parameters so
    far, running means, the counters of early stopping, and the history. It is written beside and then renamed, so there is
    always a whole one. Whoever resumes gives `Network.fit` the same data and arguments as before; only `n_threads` and
    `verbose` may differ, and `epochs`, which a schedule without a length of its own follows. The data are recognised by a
    thousand samples. `cmlp.load` reads the network out of it.

    Parameters
    ----------
    path : str or Path
    every : int or None, default 1
        Epochs.
    minutes : float, optional
        Also, or with ``every=None`` only, when so much time has passed; within an epoch too.
    resume : bool, str or Path, default False
        Go on where this file ends; True: where `path` ends, if there is such a file, else begin.
    around : cmlp.Model, optional
        What stands before and behind the network: `cmlp.load` then reads a model out of the file.

    Raises
    ------
    ValueError
        By `fit`, before anything changes: if the training has what a file cannot hold (a Python function as a loss or a
        schedule, a callback of one's own without `Callback.state`, L-BFGS); or if the file does not fit to the arguments.
    DamagedFileError
        If the file was not written by this class, or not as it is now.

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

    def __init__(self, path, every: int | None = 1, minutes: float | None = None, resume=False, around=None) -> None:
        self.path = Path(path)
        self.every = None if every is None else validation.check_integer("every", every, 1)
        self.minutes = None if minutes is None else validation.check_above_zero("minutes", minutes)
        if every is None and minutes is None:
            raise ValueError("a checkpoint is written by epochs, minutes or both: every and minutes are None")
        self.around = validation.check_kind("around", around, Model)
        self.resume = resume if isinstance(resume, bool) else Path(resume)

    def state(self) -> dict[str, Any]:
        return {}

    def on_prepare(self, training) -> None:
        if isinstance(training, LBFGSTraining):
            raise ValueError(
                "a training with LBFGS cannot be put into a checkpoint: its memory is scipy's; take another optimizer"
            )
        self.required = settings_of(training)
        description.describe(training.network)
        for callback in training.callbacks.each:
            if type(callback).state is Callback.state:
                callback.state()  # says what is missing
        if self.resume is True and not self.path.exists():
            return
        if self.resume:
            resume(training, self.path if self.resume is True else self.resume, self.required)

    def on_fit_begin(self, training) -> None:
        self.saved, self.due = time.monotonic(), False

    def on_epoch_end(self, training) -> None:
        self.due = self.every is not None and len(training.history) % self.every == 0

    def on_pause(self, training) -> None:
        late = self.minutes is not None and time.monotonic() - self.saved >= 60 * self.minutes
        if self.due or late or training.history.stopped:
            write(self.path, training, self.required, self.around)
            self.saved, self.due = time.monotonic(), False


def settings_of(training) -> dict[str, Any]:
    """What must be the same when a training goes on, as JSON.

    Raises
    ------
    ValueError
        If something of it is a Python function.
    """
    rules, stopping = training.rules, training.stopping
    settings = {
        "optimizer": described(training.optimizer, "optimizer"),
        "batch_size and accumulate": [training.batch_size, training.chunk],
        "shuffle": training.order is not None,
        "dropout": described(training.dropout, "dropout"),
        "penalty, clip, rates and average": None,
        "threshold": described(stopping.threshold, "threshold"),
        "tol and n_iter_no_change": [described(stopping.tol, "tol"), stopping.n_iter_no_change],
        "monitor and restore_best": [stopping.monitor, stopping.restore_best],
        "validation_data": snapshot.fingerprint(training.network, getattr(training.evaluate, "samples", None)),
        "X, y and weights": snapshot.fingerprint(training.network, training.samples),
        "callbacks": [[type(each).__name__, described(each.settings(), "callbacks")] for each in training.callbacks.each],
    }
    if rules is not None:
        limits = [described(number, "clip") for number in (rules.clip_value, rules.clip_norm)]
        decay = described(rules.decay, "penalty.weight_decay")
        settings["penalty, clip, rates and average"] = [
            rules.blocks.tolist(), *limits, bool(rules.by_block), float(rules.average_share), decay,
        ]  # fmt: skip
    return settings


def write(path, training, settings: dict[str, Any], around: Model | None = None) -> None:
    """A training as it stands between two steps.

    Raises
    ------
    ValueError
        If a callback's state is no numbers, text or arrays.
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
    """Let a training that has not begun go on where the file ends.

    Raises
    ------
    ValueError
        If the file belongs to another network, to other data or to other settings.
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        saved = archive.section("training") if archive.metadata.get("kind") == "checkpoint" else None
        if saved is None:
            raise ValueError(f"{path} holds no training but a {archive.metadata.get('kind')}: cmlp.load reads it")
        check_same(path, archive.section("network"), training.network, saved, settings)
        rooms = room_for(archive)
        network = description.rebuild(archive, rooms | models.room_for(archive))
    arrays = {name.removeprefix(PREFIX): array for name, array in rooms.items()}
    with description.refusing(path):
        snapshot.put(training, network, arrays, description.restored(saved["state"]))


def room_for(archive: Archive) -> dict[str, np.ndarray]:
    """For the tensors of a training."""
    return archive.read([name for name in archive.entries if name.startswith(PREFIX)])


def check_same(path, described_network, network, saved: dict[str, Any], settings: dict[str, Any]) -> None:
    here = description.describe(network)
    for name in sorted(description.ARCHITECTURE | {"input_scale", "dtype"}):
        if described_network.get(name) != here[name]:
            raise ValueError(f"{path} is of another network: its {name} is {described_network.get(name)}, here {here[name]}")
    if not isinstance(saved.get("settings"), dict) or saved.keys() != {"settings", "state"}:
        raise DamagedFileError(f"{path}: the training is not described by settings and state")
    for name, value in settings.items():
        before = saved["settings"].get(name)
        if before != value:
            are_prints = name in ("X, y and weights", "validation_data")  # fingerprints say nothing to a reader
            said = "" if are_prints else f": {str(before)[:200]} then, {str(value)[:200]} now"
            raise ValueError(f"{path} is of a training with other {name}{said}; give fit the arguments that it had")


class ModelCheckpoint(Callback):
    """Save the network by `cmlp.save`, after every so many epochs; if `monitor` is given, when it is the best of those.

    Parameters
    ----------
    path : str or Path
        ``{epoch}`` in it becomes the number of the epoch.
    monitor : as in `EarlyStopping`, optional
        Save only when it is better than before.
    every : int, default 1
        Epochs.

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

    def __init__(self, path, monitor=None, every: int = 1) -> None:
        self.path = str(path)
        self.monitor = None if monitor is None else Monitor(monitor)
        self.every = validation.check_integer("every", every, 1)

        self.best: float | None = None

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def check(self, state: dict[str, Any], network) -> None:
        check_best(state["best"])

    def settings(self) -> dict[str, Any]:
        return {"monitor": None if self.monitor is None else self.monitor.name, "every": self.every}

    def restore(self, state: dict[str, Any]) -> None:
        self.best = state["best"]

    def on_prepare(self, training) -> None:
        description.describe(training.network)

    def on_fit_begin(self, training) -> None:
        self.best = None

    def on_epoch_end(self, training) -> None:
        if len(training.history) % self.every != 0:
            return
        if self.monitor is not None:
            value = self.monitor.value(training)
            if not self.monitor.is_better(value, self.best):
                return
            self.best = value
        description.save(training.network, self.path.replace("{epoch}", str(training.history.epoch[-1])))
