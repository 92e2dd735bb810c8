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
from cmlp.network import Network
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
        state = _checked(callback)
        arrays |= {f"callback{i}.{name}": value for name, value in state.items() if isinstance(value, np.ndarray)}
        rest = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
        described["callbacks"].append([type(callback).__name__, rest])
    return arrays, described


def _checked(callback: Callback) -> dict[str, Any]:
    """What a callback has to remember, if a file can hold it."""
    state = callback.state()
    for name, value in state.items():
        if isinstance(value, np.ndarray) and (value.dtype not in (np.float32, np.float64) or not 1 <= value.ndim <= 2):
            raise ValueError(
                f"{type(callback).__name__}.state() holds {name}, an array of {value.dtype} with {value.ndim} dimensions: "
                "vectors and matrices of float32 or float64 can be kept, and lists"
            )
    return {
        name: value.tolist() if isinstance(value, np.ndarray) and not value.size else value for name, value in state.items()
    }


def put(training: Training, saved: Network, arrays: dict[str, Array], described: dict[str, Any]) -> None:
    """Let a training that has not begun go on from there; saved: its network, and the history.

    Raises
    ------
    ValueError, TypeError, KeyError
        If it does not fit; the training is not to be used then.
    """
    variables, history = saved.variables, saved.history or History()
    n_state = len(training.memory.state)
    named = {"state": n_state} if n_state else {}
    named |= {"mean": len(variables)} if training.mean is not None else {}
    kept = [name for name in ("best0", "best1") if name in arrays]
    for name, length in (named | dict.fromkeys(kept, len(variables))).items():
        array = arrays.get(name)
        if array is None or array.shape != (length,) or array.dtype != variables.dtype:
            raise ValueError(f"{name} is not there, or not of length {length} and {variables.dtype}")
        if name != "state" and not np.isfinite(array).all():  # an optimizer may remember an overflow, and go on
            raise ValueError(f"{name} holds numbers that are not finite")
    if described["optimizer"] != training.memory.name or len(kept) not in (0, 1 + (training.mean is not None)):
        raise ValueError(f"it was made with the optimizer {described['optimizer']!r}, or with another running mean")
    training.memory = Memory.of(training.memory.name, arrays.get("state", training.memory.state), 0, 0)
    for thing, names, key in (
        (training.memory.cursor, CURSOR, "cursor"),
        (training.patience, PATIENCE, "patience"),
        (training.plateau, PLATEAU, "plateau"),
    ):
        _set(thing, names, described[key], key)
    if not 0 < training.plateau.factor <= 1:
        raise ValueError(f"the factor of a plateau is {training.plateau.factor}")
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
        history.stopped = training.ended() if cursor.batch == 0 else ""
    if len(history) >= training.epochs:
        history.stopped = history.stopped or "epochs"
    training.callbacks.states = _states(training.callbacks.each, arrays, described["callbacks"])
    for callback, state in zip(training.callbacks.each, training.callbacks.states):
        callback.check(state, saved)
    training.start = saved


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


def fingerprint(network: Network, samples: Any) -> int | None:
    """A checksum of up to a thousand samples, spread over all: to recognise the data, not to prove them."""
    if samples is None:
        return None
    X, _, sample_weight = samples.given
    checksum = zlib.crc32(str(samples.n_samples).encode())
    x = np.empty((1, network.architecture.sizes[0]), network.dtype)
    y = np.empty((1, network.n_targets), network.dtype)
    for row in np.linspace(0, samples.n_samples - 1, min(samples.n_samples, MOST_ROWS)).astype(int):
        if samples.sparse:
            stored = slice(int(X.indptr[row]), int(X.indptr[row + 1]))
            checksum = zlib.crc32(X.indices[stored].tobytes() + X.data[stored].tobytes(), checksum)
        else:
            samples.rows(row, x)
            checksum = zlib.crc32(x.data, checksum)
        samples.rows(row, y, targets=True)
        checksum = zlib.crc32(y.data, checksum)
        checksum = zlib.crc32(b"" if sample_weight is None else sample_weight[row].tobytes(), checksum)
    return checksum
