"""The state of a training between two steps: taken from one training and put into another.

Random numbers need no state: the order of the samples, dropout masks and noise are functions of the network's `shuffle_seed`
and the cursor. Nothing here reads or writes files.
"""

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.layers import Array
from cmlp.network import Network
from cmlp.training.history import Ending, History
from cmlp.training.hooks import Callback
from cmlp.training.loop import Training
from cmlp.training.optimizer_state import OptimizerState
from cmlp.training.stopping import kept_in

MOST_ROWS = 1000  # samples in the fingerprint of the data
CURSOR = ("t", "epoch", "batch", "epoch_loss", "epoch_change")
PLATEAU = ("factor", "best", "without")


def take(training: Training) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays by name, the rest as numbers and strings); without the network and its history, which are saved separately."""
    arrays = {"slots": training.state.slots} if len(training.state.slots) else {}
    if training.ema is not None:
        arrays["ema"] = training.ema
    watch, rest = _parts("watch", training.watch.state())
    arrays |= watch
    described: dict[str, Any] = {
        "optimizer": training.state.name,
        "steps": training.steps,
        "seconds": training.elapsed(),
        "cursor": _numbers(training.state.cursor, CURSOR),
        "watch": rest,
        "plateau": _numbers(training.plateau, PLATEAU),
        "callbacks": [],
    }
    for i, callback in enumerate(needed(training.callbacks.each)):
        own, rest = _parts(f"callback{i}", _checked(callback))
        arrays |= own
        described["callbacks"].append([type(callback).__name__, rest])
    return arrays, described


def needed(callbacks: Sequence[Callback]) -> list[Callback]:
    """Those that a training must have when it is resumed."""
    return [callback for callback in callbacks if callback.needed_to_resume]


def _parts(prefix: str, state: dict[str, Any]) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays by name, the rest); empty arrays are lists, infinity is None."""
    state = {name: [] if isinstance(value, np.ndarray) and not value.size else value for name, value in state.items()}
    arrays = {f"{prefix}.{name}": value for name, value in state.items() if isinstance(value, np.ndarray)}
    return arrays, {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}


def _checked(callback: Callback) -> dict[str, Any]:
    """The state of a callback; raises if a file cannot hold it."""
    state = callback.state()
    for name, value in state.items():
        if isinstance(value, np.ndarray) and (value.dtype not in (np.float32, np.float64) or not 1 <= value.ndim <= 2):
            raise ValueError(
                f"arrays in {type(callback).__name__}.state() must be vectors or matrices of float32 or float64, got {name} of "
                f"{value.dtype} with {value.ndim} dimensions: use a list"
            )
    return state


def put(training: Training, saved: Network, arrays: dict[str, Array], described: dict[str, Any]) -> None:
    """Restore the state of a training before its first step; saved: the network of the checkpoint, with its history.

    Raises
    ------
    ValueError, TypeError, KeyError
        If the state does not match the training, which must not be used then.
    """
    history = saved.history or History()
    _check_arrays(training, saved, arrays)
    if described["optimizer"] != training.state.name:
        raise ValueError(f"optimizer must be {described['optimizer']!r} as in the checkpoint, got {training.state.name!r}")
    watch = _joined("watch", described["watch"], arrays)
    training.watch.check_state(watch, saved)
    if len(kept_in(watch)) not in (0, 1 + (training.ema is not None)):
        raise ValueError("the moving average of the best weights does not match: give ema_decay, or omit it, as before")
    training.watch.set_state(watch)
    training.state = OptimizerState.of(training.state.name, arrays.get("slots", training.state.slots), 0, 0)
    _set(training.state.cursor, CURSOR, described["cursor"], "cursor")
    _set(training.plateau, PLATEAU, described["plateau"], "plateau")
    if not 0 < training.plateau.factor <= 1:
        raise ValueError(f"the factor of a plateau must be in (0, 1], got {training.plateau.factor}")
    if training.ema is not None:
        np.copyto(training.ema, arrays["ema"])
    training.history = history
    training.steps = validation.check_integer("steps", described["steps"], 0)
    training.seconds_before = validation.check_non_negative("seconds", described["seconds"])
    _check_place(training)
    training.callbacks.states = _states(training.callbacks.each, arrays, described["callbacks"])
    for callback, state in zip(training.callbacks.each, training.callbacks.states):
        callback.check(state, saved)
    training.start = saved


def _check_arrays(training: Training, saved: Network, arrays: dict[str, Array]) -> None:
    variables, n_slots = saved.variables, len(training.state.slots)
    named = {"slots": n_slots} if n_slots else {}
    named |= {"ema": len(variables)} if training.ema is not None else {}
    for name, length in named.items():
        array = arrays.get(name)
        if array is None or array.shape != (length,) or array.dtype != variables.dtype:
            found = "it is missing" if array is None else f"got {array.dtype} of shape {array.shape}"
            raise ValueError(f"{name} must have length {length} and dtype {variables.dtype}, {found}")
        if name != "slots" and not np.isfinite(array).all():  # optimizer state may have overflowed in a valid training
            raise ValueError(f"{name} must be finite, got nan or inf")


def _check_place(training: Training) -> None:
    """Check that steps and epochs match; a training that completed its epochs continues if there are more now."""
    cursor, history, every = training.state.cursor, training.history, training.steps_per_epoch
    if training.steps != len(history) * every + cursor.batch or cursor.batch >= every:
        raise ValueError(f"{training.steps} steps do not match {len(history)} epochs and {cursor.batch} batches")
    if history.stopped == Ending.EPOCHS and len(history) < training.epochs:
        history.stopped = training.watch.ending(training) if cursor.batch == 0 else ""
    if len(history) >= training.epochs:
        history.stopped = history.stopped or Ending.EPOCHS


def _joined(prefix: str, rest: dict[str, Any], arrays: dict[str, Array]) -> dict[str, Any]:
    """The inverse of `_parts`."""
    own = {name.removeprefix(f"{prefix}."): array for name, array in arrays.items() if name.startswith(f"{prefix}.")}
    return rest | own


def _numbers(thing, names) -> dict[str, Any]:
    """Attributes by name; None for infinity, which JSON does not have."""
    values = {name: getattr(thing, name) for name in names}
    return {name: None if math.isinf(value) else value for name, value in values.items()}


def _set(thing, names, given: dict[str, Any], key: str) -> None:
    if given.keys() != set(names):
        raise ValueError(f"{key} must hold {', '.join(names)}, got {', '.join(given)}")
    for name, value in given.items():
        if isinstance(getattr(thing, name), int):
            value = validation.check_integer(f"{key}: {name}", value, 0, 2**62)
        elif value is None:
            value = math.inf
        else:
            value = validation.check_number(f"{key}: {name}", value)
        setattr(thing, name, value)


def _states(callbacks: Sequence[Callback], arrays, given: list) -> list[dict[str, Any]]:
    """The state of each callback, an empty one of those that are not needed."""
    names = [type(callback).__name__ for callback in needed(callbacks)]
    if names != [name for name, _ in given]:
        raise ValueError(f"callbacks must be {[name for name, _ in given]} as in the checkpoint, got {names}")
    states = iter([_joined(f"callback{i}", rest, arrays) for i, (_, rest) in enumerate(given)])
    return [next(states) if callback.needed_to_resume else {} for callback in callbacks]


def fingerprint(network: Network, samples: Any) -> int | None:
    """A checksum of up to 1,000 evenly spaced samples: it detects other data, but is no proof of identity."""
    if samples is None:
        return None
    X, _, sample_weight = samples.given
    checksum = zlib.crc32(str(samples.n_samples).encode())
    x = np.empty((1, network._architecture.sizes[0]), network.dtype)
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
