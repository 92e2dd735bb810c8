"""A network as JSON, and back: names, numbers and lists, looked up in tables and checked as any user's arguments are."""

import dataclasses
import itertools
import json
from typing import Any

import numpy as np

from cmlp import losses, norms
from cmlp.layers import views
from cmlp.network import Network
from cmlp.persistence.safetensors import DamagedFileError

MOST_LABEL = 4096  # bytes
KEYS = {
    *("sizes", "activation", "loss", "output", "norm", "dropout", "residual", "bias", "input_dropout", "input_noise"),
    *("input_scale", "dtype", "seed", "shuffle_seed", "classes", "task"),
}


def describe(network) -> dict[str, str]:
    """Everything of a network but its numbers.

    Raises
    ------
    ValueError
        If something of it cannot be written down.
    """
    if network.loss not in losses.BY_NAME:
        raise ValueError("a network whose loss is a Python function cannot be saved: pickle it, if you trust the reader")
    layers = network.layers
    hidden, last = layers[:-1], layers[-1]
    described = {
        "sizes": network.sizes,
        "activation": [_function(layer) for layer in hidden],
        "output": _function(last),
        "loss": _fields(network.objective),
        "norm": [None if layer.norm is None else _fields(layer.norm) for layer in hidden],
        "dropout": [layer.dropout for layer in hidden],
        "residual": [0 if layer.source is None else l - layer.source for l, layer in enumerate(hidden)],
        "bias": [layer.b is not None for layer in layers],
        "input_dropout": network.architecture.input_dropout,
        "input_noise": network.architecture.input_noise,
        "input_scale": network.input_scale,
        "dtype": str(network.dtype),
        "seed": network.seed,
        "shuffle_seed": network.shuffle_seed,
        "classes": _labels(network.classes),
        "task": None if network.targets is None else network.targets.task,
    }
    return {"network": json.dumps(described)}


def rebuild(tensors, metadata: dict[str, str]) -> Network:
    """The network described, with these numbers.

    Raises
    ------
    DamagedFileError
    """
    try:
        given = json.loads(metadata["network"])
        if not isinstance(given, dict) or set(given) != KEYS:
            raise ValueError("the description does not have the parts of a network")
        _check_shapes(given["sizes"], tensors)
        network = _network(given)
        _fill(network, tensors)
        network.restore(int(given["shuffle_seed"]), given["task"])
    except DamagedFileError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedFileError(f"the file describes no network: {error}") from None
    return network


def _function(layer) -> list:
    return [layer.activation, layer.parameter]


def _fields(thing) -> list:
    """[name, {field: value}]"""
    names = [field.name for field in dataclasses.fields(thing)] if dataclasses.is_dataclass(thing) else []
    return [thing.name, {name: getattr(thing, name) for name in names}]


def _made(table, given):
    name, fields = given
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return table[name](**fields)


def _labels(classes) -> list | None:
    if classes is None:
        return None
    labels = classes.tolist()
    if not all(isinstance(label, (str, bool, int, float)) for label in labels):
        raise ValueError(f"classes of kind {type(labels[0]).__name__} cannot be saved: use text or numbers")
    return [str(classes.dtype), labels]


def _classes(kind: str, labels: list):
    dtype = np.dtype(kind)
    if dtype.kind not in "OUbiuf" or dtype.itemsize > MOST_LABEL:
        raise ValueError(f"classes of the kind {kind!r}")
    return np.array(labels, dtype=dtype)


def _activation(pair):
    name, parameter = pair
    return (name, parameter) if parameter else name


def _check_shapes(sizes, tensors) -> None:
    """Before anything of their size is allocated: the weights must be there."""
    for l, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        W = tensors.get(f"W{l}")
        if W is None or W.shape != (fan_in, fan_out):
            found = "it is missing" if W is None else f"it has {W.shape}"
            raise ValueError(f"W{l} should have the shape ({fan_in}, {fan_out}); {found}")


def _network(given: dict[str, Any]) -> Network:
    loss = _made(losses.BY_NAME, given["loss"])
    classes = given["classes"]
    return Network(
        given["sizes"],
        [_activation(pair) for pair in given["activation"]],
        loss,
        output=None if loss.link else _activation(given["output"]),
        norm=[None if norm is None else _made(norms.BY_NAME, norm) for norm in given["norm"]],
        dropout=given["dropout"],
        residual=given["residual"],
        bias=given["bias"],
        input_dropout=given["input_dropout"],
        input_noise=given["input_noise"],
        input_scale=given["input_scale"],
        dtype=given["dtype"],
        seed=given["seed"],
        init="zeros",
        classes=None if classes is None else _classes(*classes),
    )


def _fill(network: Network, tensors) -> None:
    """Every block from the tensor of its name; none may be missing, left over, or not finite."""
    blocks: dict[str, Any] = {}
    for l, (block, layer) in enumerate(zip(views(network.tables[1], network.theta), network.layers)):
        blocks |= {f"{name}{l}": array for name, array in block.items()}
        blocks |= {f"{name}{l}": getattr(layer, name) for name in ("mean", "variance") if layer.mean is not None}
    if set(blocks) != set(tensors):
        raise ValueError(f"missing or unknown tensors: {', '.join(sorted(set(blocks) ^ set(tensors))[:5])}")
    for name, block in blocks.items():
        tensor = tensors[name]
        if tensor.shape != block.shape or tensor.dtype != network.dtype:
            raise ValueError(f"{name} should be {network.dtype} of shape {block.shape}; it is {tensor.dtype} of {tensor.shape}")
        if not np.isfinite(tensor).all() or (name.startswith("variance") and (tensor < 0).any()):
            raise ValueError(f"{name} holds numbers that no training has left: not finite, or variances below 0")
        block[...] = tensor
