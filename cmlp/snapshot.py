"""Everything that a training knows between two steps: taken out of it, and put into another one.

What is drawn at random needs no state of its own: orders, masks and noise follow from the network's `shuffle_seed` and from the
cursor. Nothing here is about files.
"""

import math
import zlib
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.callbacks import Callback
from cmlp.layers import Array
from cmlp.memory import Memory
from cmlp.training import History, Training

MOST_ROWS = 1000  # of the samples, by which they are recognised
CURSOR = ("t", "epoch", "batch", "epoch_loss", "epoch_change")
PATIENCE = ("best", "lowest", "without")
PLATEAU = ("factor", "best", "without")


def take(training: Training) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays by name, the rest as numbers and text), but for the network and the history, which are public."""
    arrays = {"state": training.memory.state} if len(training.memory.state) else {}
    if training.mean is not None:
        arrays["mean"] = training.mean
    arrays |= {f"best{i}": array for i, array in enumerate(training.best)}
    described = {
        "optimizer": training.memory.name,
        "steps": training.steps,
        "seconds": training.elapsed(),
        "cursor": _numbers(training.memory.cursor, CURSOR),
        "patience": _numbers(training.patience, PATIENCE),
        "plateau": _numbers(training.plateau, PLATEAU),
        "callbacks": [],
    }
    for i, callback in enumerate(training.callbacks.each):
        state = callback.state()
        arrays |= {
            f"callback{i}.{name}": value for name, value in state.items() if isinstance(value, np.ndarray) and value.size
        }
        rest = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
        described["callbacks"].append([type(callback).__name__, rest])
    return arrays, described


def put(training: Training, variables: Array, shuffle_seed: int, history: History, arrays, described: dict[str, Any]) -> None:
    """Let a training that has not begun go on from there.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it does not fit; the training is not to be used then.
    """
    n_state = len(training.memory.state)
    named = {"state": n_state} if n_state else {}
    named |= {"mean": len(variables)} if training.mean is not None else {}
    kept = [name for name in ("best0", "best1") if name in arrays]
    for name, length in (named | dict.fromkeys(kept, len(variables))).items():
        if name not in arrays or arrays[name].shape != (length,) or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} is not there, not of length {length}, or not finite")
    if described["optimizer"] != training.memory.name or len(kept) not in (0, 1 + (training.mean is not None)):
        raise ValueError(f"it was made with the optimizer {described['optimizer']!r}, or with another running mean")
    training.memory = Memory.of(training.memory.name, arrays.get("state", training.memory.state), 0, 0)
    for thing, names, key in (
        (training.memory.cursor, CURSOR, "cursor"),
        (training.patience, PATIENCE, "patience"),
        (training.plateau, PLATEAU, "plateau"),
    ):
        _set(thing, names, described[key], key)
    if training.mean is not None:
        np.copyto(training.mean, arrays["mean"])
    training.best = [arrays[name] for name in kept]
    training.history = history
    training.steps = validation.check_integer("steps", described["steps"], 0)
    training.seconds_before = validation.check_number("seconds", described["seconds"], least=0)
    cursor = training.memory.cursor
    if training.steps != len(history) * training.steps_per_epoch + cursor.batch or cursor.batch >= training.steps_per_epoch:
        raise ValueError(f"{training.steps} steps are not {len(history)} epochs and {cursor.batch} batches")
    if history.stopped == "epochs" and len(history) < training.epochs:
        history.stopped = ""
    if len(history) >= training.epochs:
        history.stopped = history.stopped or "epochs"
    training.callbacks.states = _states(training.callbacks.each, arrays, described["callbacks"])
    training.start = (variables, shuffle_seed)


def _numbers(thing, names) -> dict[str, Any]:
    """None for infinity, which JSON does not know."""
    values = {name: getattr(thing, name) for name in names}
    return {name: None if math.isinf(value) else value for name, value in values.items()}


def _set(thing, names, given: dict[str, Any], key: str) -> None:
    if given.keys() != set(names):
        raise ValueError(f"{key} should hold {', '.join(names)}")
    for name, value in given.items():
        if isinstance(getattr(thing, name), int):
            value = validation.check_integer(f"{key}: {name}", value, 0, 2**62)
        elif value is None:
            value = math.inf
        else:
            value = validation.check_number(f"{key}: {name}", value)
        setattr(thing, name, value)


def _states(callbacks: list[Callback], arrays, given: list) -> list[dict[str, Any]]:
    """For each callback, what it knew."""
    names = [type(callback).__name__ for callback in callbacks]
    if names != [name for name, _ in given]:
        raise ValueError(f"it was made with the callbacks {[name for name, _ in given]}, now there are {names}")
    states = []
    for i, (_, rest) in enumerate(given):
        prefix = f"callback{i}."
        states.append(rest | {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)})
    return states


def fingerprint(training: Training) -> int:
    """A checksum of up to a thousand samples, spread over all: to recognise the data, not to prove them."""
    samples, sizes = training.samples, training.network.architecture.sizes
    checksum = zlib.crc32(str(samples.n_samples).encode())
    n_targets = training.network.n_targets
    x = None if samples.sparse else np.empty((1, sizes[0]), training.network.dtype)
    y = np.empty((1, n_targets), training.network.dtype)
    for row in np.linspace(0, samples.n_samples - 1, min(samples.n_samples, MOST_ROWS)).astype(int):
        if x is not None:
            samples.rows(row, x)
            checksum = zlib.crc32(x.data, checksum)
        samples.rows(row, y, targets=True)
        checksum = zlib.crc32(y.data, checksum)
    return checksum
