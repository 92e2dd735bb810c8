"""Networks as JSON and tensors, and back; what is read passes the same checks as the arguments of a user."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cmlp import activations, architecture, layers, losses, validation
from cmlp.architecture import Architecture
from cmlp.data import Columns
from cmlp.initializers import Initializer
from cmlp.layers import Array
from cmlp.network import Network
from cmlp.persistence import safetensors
from cmlp.persistence.safetensors import Archive, DamagedFileError
from cmlp.persistence.values import described, described_labels, restored, restored_labels
from cmlp.training.history import History

EMA, HISTORY = "ema.", "history."  # prefixes of tensor names
ARCHITECTURE = {
    *("sizes", "activation", "loss", "output", "norm", "dropout", "residual", "bias", "input_dropout", "input_noise"),
}
COLUMNS = {"epoch", "loss", "largest_change", "learning_rate", "time"}  # of every history
VALIDATION = {"val_loss", "val_score"}  # columns of a history with validation data
KEYS = ARCHITECTURE | {
    *("input_scale", "dtype", "seed", "shuffle_seed", "init", "bias_init", "classes", "task", "columns", "history"),
}


# --- to a file ----------------------------------------------------------------------------------------------
def describe(network) -> dict[str, Any]:
    """The description of a network as JSON: everything but its arrays.

    Raises
    ------
    ValueError
        If a part cannot be saved.
    """
    if network.loss not in losses.BY_NAME:
        raise ValueError("loss must not be a Python function to be saved: use a loss of cmlp.losses, or pickle the network")
    rows = network.layers
    hidden, last = rows[:-1], rows[-1]
    return {
        "sizes": network.sizes,
        "activation": [[layer.activation, layer.parameter] for layer in hidden],
        "output": [last.activation, last.parameter],
        "loss": described(network.loss_function, "loss"),
        "norm": [described(layer.norm, "norm") for layer in hidden],
        "dropout": [layer.dropout for layer in hidden],
        "residual": [0 if layer.source is None else l - layer.source for l, layer in enumerate(hidden)],
        "bias": [layer.b is not None for layer in rows],
        "input_dropout": network._architecture.input_dropout,
        "input_noise": network._architecture.input_noise,
        "input_scale": network.input_scale,
        "dtype": str(network.dtype),
        "seed": described(network.seed, "seed"),
        "shuffle_seed": network.shuffle_seed,
        "init": [_initial(init) for init in network._initial[0]],
        "bias_init": [_initial(init) for init in network._initial[1]],
        "classes": described_labels(network.classes, "classes"),
        "task": None if network._targets is None else network._targets.task,
        "columns": None if network._columns is None else [network._columns.names, network._columns.kinds],
        "history": None if network.history is None else described_history(network.history),
    }


def _initial(init) -> Any:
    """An initializer as JSON; None for an array, which is not saved."""
    return described(init, "init") if isinstance(init, Initializer) else None


def _restored_initial(given) -> Initializer | None:
    init = restored(given)
    if init is not None and not isinstance(init, Initializer):
        raise ValueError(f"init must be an initializer, got {init!r}")
    return init


def described_history(history: History) -> dict[str, Any]:
    return {"stopped": history.stopped, "best_epoch": history.best_epoch, "metrics": list(history.metrics)}


def tensors_of(network) -> dict[str, Array]:
    """The arrays of a network by name: parameters, running statistics, the EMA of both, the history.

    Raises
    ------
    ValueError
        If a parameter is not finite.
    """
    if not np.isfinite(network.variables).all():
        raise ValueError("parameters must be finite to be saved, got nan or inf")
    tensors = blocks(network._architecture, network.variables)
    if network.ema is not None:
        tensors |= {EMA + name: block for name, block in blocks(network._architecture, network.ema).items()}
    return tensors | history_tensors(network.history)


def blocks(plan, variables) -> dict[str, Array]:
    """``W0``, ``b0``, ... as views of a buffer with the layout of `Network.variables`."""
    rows, params = plan.tables
    found: dict[str, Array] = {}
    for l, block in enumerate(layers.views(params, variables)):
        found |= {f"{name}{l}": view for name, view in (block | layers.running(rows, l, variables)).items()}
    return found


def history_tensors(history: History | None) -> dict[str, Array]:
    columns = {} if history is None else history.to_dict()
    return {HISTORY + name: np.array(values, np.float64) for name, values in columns.items() if values}


# --- from a file --------------------------------------------------------------------------------------------
@contextmanager
def refusing(path) -> Iterator[None]:
    """Turn the errors of an invalid description into a `DamagedFileError`."""
    try:
        yield
    except DamagedFileError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError) as error:
        cause = f"missing or unknown key {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise DamagedFileError(f"{path}: invalid description: {cause}") from None


def check_keys(what: str, given: dict[str, Any], keys: set[str]) -> None:
    if given.keys() != keys:
        differing = sorted(given.keys() ^ keys)
        raise ValueError(f"the description of {what} has missing or unknown keys: {', '.join(differing[:5])[:200]}")


def rebuild(archive: Archive, more: dict[str, Array] | None = None) -> Network:
    """The network of a file.

    Parameters
    ----------
    archive : Archive
    more : dict of str to ndarray, optional
        Arrays for the other tensors of the file, which are filled too.

    Raises
    ------
    DamagedFileError
    """
    with refusing(archive.path):
        given = archive.section("network")
        check_keys("a network", given, KEYS)
        network = _network(given, archive)
        arrays = blocks(network._architecture, network.variables)
        if any(name.startswith(EMA) for name in archive.entries):
            network.ema = np.empty_like(network.variables)
            arrays |= {EMA + name: block for name, block in blocks(network._architecture, network.ema).items()}
        columns = archive.read([name for name in archive.entries if name.startswith(HISTORY)])
        archive.fill(arrays | columns | (more or {}))
        _check_numbers(arrays)
        network.history = restored_history(given["history"], columns)
        firsts = ([_restored_initial(init) for init in given[name]] for name in ("init", "bias_init"))
        network._restore(given["shuffle_seed"], given["task"], _restored_columns(given["columns"], network.sizes[0]), *firsts)
    return network


def _restored_columns(given: Any, n_inputs: int) -> Columns | None:
    """The names and the kinds of the columns that a network was trained on."""
    if given is None:
        return None
    names, kinds = given
    for each in (names or [], kinds):
        if not isinstance(each, list) or not all(type(item) is str for item in each):
            raise ValueError(f"the names and kinds of columns must be lists of strings, got {str(each)[:80]}")
    columns = Columns(kinds, names)
    if columns.n_inputs != n_inputs:
        raise ValueError(f"{columns.n_inputs} columns do not match {n_inputs} inputs")
    return columns


def _network(given: dict[str, Any], archive: Archive) -> Network:
    """A network without its parameters, allocated only if the file has tensors of its size."""
    if len(given["sizes"]) - 1 > len(archive.entries):
        raise ValueError(f"{len(given['sizes']) - 1} layers need at least as many tensors, got {len(archive.entries)}")
    plan = architecture.describe(**_arguments(given))
    _check_sizes(plan, archive, validation.check_dtype(given["dtype"]))
    return network_of(given)


def network_of(given: dict[str, Any]) -> Network:
    """A network with these settings, its parameters zeros."""
    arguments = _arguments(given)
    return Network(
        arguments.pop("sizes"),
        arguments.pop("activation"),
        arguments.pop("loss"),
        **arguments,
        input_scale=given["input_scale"],
        dtype=given["dtype"],
        seed=given["seed"],
        init="zeros",
        classes=restored_labels(given["classes"]),
    )


def _check_sizes(plan: Architecture, archive: Archive, dtype: np.dtype) -> None:
    rows, params = plan.tables
    shapes = {str(p["name"]): (p["rows"], p["cols"]) if p["matrix"] else (p["cols"],) for p in params}
    for l, row in enumerate(rows):
        if row["running"] != layers.NONE:
            shapes |= {f"mean{l}": (row["fan_out"],), f"variance{l}": (row["fan_out"],)}
    for name, shape in shapes.items():
        entry = archive.entries.get(name)
        if entry is None or entry.shape != shape or entry.dtype != dtype:
            found = "it is missing" if entry is None else f"got {entry.dtype} of shape {entry.shape}"
            raise ValueError(f"{name} must be {dtype} of shape {tuple(map(int, shape))}, {found}")


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `Network` that describe its layers."""
    loss = restored(given["loss"])
    chosen = {name: given[name] for name in ARCHITECTURE}
    return chosen | {
        "activation": [_activation(pair) for pair in given["activation"]],
        "loss": loss,
        "output": None if loss.link else _activation(given["output"]),
        "norm": [restored(norm) for norm in given["norm"]],
    }


def _activation(pair):
    name, parameter = pair
    validation.check_name("activation", name, activations.BY_NAME)
    return activations.of_layer(name, parameter)


def _check_numbers(arrays: dict[str, Array]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all() or ("variance" in name and (array < 0).any()):
            raise ValueError(f"{name} must be finite{' and >= 0' if 'variance' in name else ''}, as training leaves it")


def restored_history(given, columns: dict[str, Array]) -> History | None:
    """The history from its description and its columns."""
    if given is None and not columns:
        return None
    if given.keys() != {"stopped", "best_epoch", "metrics"}:
        raise ValueError(f"the history must be described by stopped, best_epoch and metrics, got {str(given)[:80]}")
    stopped, best, metrics = given["stopped"], given["best_epoch"], given["metrics"]
    if type(stopped) is not str or type(best) not in (int, type(None)) or type(metrics) is not list:
        raise ValueError(f"stopped must be a str, best_epoch an int or None, metrics a list of names, got {str(given)[:80]}")
    for metric in metrics:
        validation.check_set_name("metrics of the history", metric, tuple(COLUMNS | VALIDATION))
    names = {name.removeprefix(HISTORY): column for name, column in columns.items()}
    # an epoch that an exception ended has no validation columns
    optional = VALIDATION if names.keys() & VALIDATION else set()
    wanted = COLUMNS | optional | (set(metrics) & names.keys())
    uneven = len({column.shape for column in columns.values()}) > 1 or any(column.ndim != 1 for column in columns.values())
    if (names and names.keys() != wanted) or uneven:
        raise ValueError(
            f"the columns of the history must be {', '.join(sorted(wanted))}, vectors of the same length, got "
            f"{', '.join(sorted(names))}"
        )
    lists: dict[str, Any] = {name: column.tolist() for name, column in names.items()}
    if "epoch" in lists:
        lists["epoch"] = [int(epoch) for epoch in lists["epoch"]]
    measured = {metric: lists.pop(metric) for metric in metrics if metric in lists}
    return History(**lists, metrics=measured, stopped=stopped, best_epoch=best)


def as_metadata(kind: str, **sections: dict[str, Any]) -> dict[str, str]:
    """The sections of a description as JSON strings, for the metadata of a header."""
    return {"kind": kind} | {name: json.dumps(section) for name, section in sections.items()}


def save(network, path) -> None:
    """Save a network."""
    safetensors.write(path, tensors_of(network), as_metadata("network", network=describe(network)))
