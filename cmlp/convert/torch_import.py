"""Networks from PyTorch's ``nn.Sequential``."""

import itertools
from typing import Any

import numpy as np

from cmlp.activations import ELU, LeakyReLU
from cmlp.layers import Array
from cmlp.losses import Loss
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm

LOSSES = {"Softmax": "cross_entropy", "LogSoftmax": "cross_entropy", "Sigmoid": "log_loss"}
LEAST_THRESHOLD = 20  # of Softplus: above it e^-Z is below 3e-9
IGNORED = ("Identity", "Flatten")
NORMS = ("BatchNorm1d", "LayerNorm")
ORDER = {"Linear": 0, "norm": 1, "activation": 2, "Dropout": 3}  # within a layer of cmlp


def from_torch(module: Any, loss: str | Loss | None = None, **settings: Any) -> Network:
    """A network of the layers of an ``nn.Sequential``: it gives the same outputs, and goes on learning.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear, activations, Dropout, BatchNorm1d and LayerNorm, in this order within a layer: Linear, norm, activation,
        dropout; Flatten and Identity are passed over, and what is nested is taken apart. Dropout in front is that of the
        inputs.
    loss : str or Loss, optional
        As `cmlp.Network` takes it. It can be left out where the module ends with Softmax, LogSoftmax or Sigmoid; after a
        Linear only you know whether its outputs are logits ("cross_entropy", "log_loss") or values ("squared_error").
    **settings
        More arguments of `cmlp.Network`; dtype is that of the weights unless given.

    Returns
    -------
    network : Network
        Its `forward` ends with the loss's own function: probabilities with cross_entropy, whether the module does or not.

    Raises
    ------
    ValueError
        For modules and orders that cmlp's layers do not have, and if the loss must be given.

    Examples
    --------
    >>> import torch, cmlp
    >>> module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    >>> cmlp.convert.from_torch(module, loss="cross_entropy")
    <Network 4-8-3, relu, softmax, cross_entropy, float32>
    """
    flat = list(flattened(module))
    input_dropout = 0.0
    if flat and kind_of(flat[0]) == "Dropout":
        input_dropout = float(flat.pop(0).p)
    layers = grouped(flat)
    loss, output = loss_and_output(layers, loss)
    hidden = layers[:-1]
    if any(kind_of(layer.get("activation")) == "LogSoftmax" for layer in hidden):
        raise ValueError("LogSoftmax must be the last module")
    if any(name in layers[-1] for name in ("norm", "Dropout")):
        raise ValueError("the last layer must not have a norm or dropout, which cmlp's has not: put a Linear at the end")
    network = Network(
        [layers[0]["Linear"].in_features, *(layer["Linear"].out_features for layer in layers)],
        [activation_of(layer.get("activation")) for layer in hidden],
        loss,
        output=output,
        norm=[norm_of(layer.get("norm")) for layer in hidden],
        dropout=[float(layer["Dropout"].p) if "Dropout" in layer else 0.0 for layer in hidden],
        input_dropout=input_dropout,
        bias=[layer["Linear"].bias is not None or kind_of(layer.get("norm")) == "LayerNorm" for layer in layers],
        init="zeros",
        **{"dtype": str(layers[0]["Linear"].weight.dtype).removeprefix("torch.")} | settings,
    )
    for target, given in zip(network.layers, layers):
        fill(target, given)
    return network


def flattened(module):
    """The modules of nested Sequentials, one after the other."""
    if type(module).__name__ != "Sequential":
        raise ValueError(f"module must be an nn.Sequential, got {type(module).__name__}")
    for each in module:
        if type(each).__name__ == "Sequential":
            yield from flattened(each)
        elif type(each).__name__ not in IGNORED:
            yield each


def kind_of(module) -> str:
    return type(module).__name__


def grouped(modules) -> list[dict[str, Any]]:
    """For each layer, its parts by name."""
    layers: list[dict[str, Any]] = []
    last = -1
    for module in modules:
        name = kind_of(module)
        part = name if name in ("Linear", "Dropout") else "norm" if name in NORMS else "activation"
        if name in ("Softmax", "LogSoftmax") and module.dim not in (1, -1, None):
            raise ValueError(f"{module} is over the samples of a batch, cmlp's is over the units")
        if part == "activation" and name not in (*ACTIVATIONS, "LogSoftmax"):
            raise ValueError(
                f"{module} is not supported: from_torch takes Linear, Dropout, {', '.join((*NORMS, *ACTIVATIONS))}"
            )
        if part == "Linear":
            layers.append({})
        elif not layers or ORDER[part] <= last:
            raise ValueError(f"{module} is out of place: the order within a layer must be Linear, norm, activation, dropout")
        layers[-1][part], last = module, ORDER[part]
    if not layers:
        raise ValueError("the module has no Linear")
    for before, after in itertools.pairwise(layers):
        if before["Linear"].out_features != after["Linear"].in_features:
            raise ValueError(f"{after['Linear']} cannot follow {before['Linear']}")
    return layers


def loss_and_output(layers, loss) -> tuple[Any, Any]:
    """The loss, and the output function where it leaves that free."""
    last = layers[-1].get("activation")
    if loss is None:
        if kind_of(last) not in LOSSES:
            raise ValueError(
                f"the module ends with {layers[-1]['Linear'] if last is None else last}, which does not tell what it was "
                "trained for: give loss='cross_entropy' or 'log_loss' for logits, 'squared_error' or another for regression"
            )
        loss = LOSSES[kind_of(last)]
    name = getattr(loss, "name", loss)
    sets_own = {"cross_entropy": ("Softmax", "LogSoftmax"), "log_loss": ("Sigmoid",)}
    if name in sets_own:
        if last is not None and kind_of(last) not in sets_own[name]:
            raise ValueError(f"the loss {name!r} sets the output function itself, and the module ends with {last}")
        return loss, None
    if kind_of(last) == "LogSoftmax":
        raise ValueError(f"LogSoftmax goes with the loss 'cross_entropy', not with {name!r}")
    return loss, None if last is None else activation_of(last)


def norm_of(norm):
    if norm is None:
        return None
    if kind_of(norm) == "LayerNorm":
        if len(norm.normalized_shape) != 1:
            raise ValueError(f"{norm} normalizes over several dimensions, cmlp over the units of a layer")
        return LayerNorm(eps=norm.eps)
    if norm.running_mean is None or norm.momentum is None:
        raise ValueError(f"{norm} must keep running statistics by a momentum, which cmlp predicts with")
    return BatchNorm(eps=norm.eps, momentum=norm.momentum)


def fill(layer, given) -> None:
    """Numbers of a layer; a bias in front of batch normalisation is taken off its running mean."""
    linear, norm, activation = given["Linear"], given.get("norm"), given.get("activation")
    layer.W[:] = numbers(linear.weight).T
    bias = None if linear.bias is None else numbers(linear.bias)
    if layer.b is not None:
        layer.b[:] = 0 if bias is None else bias
    if norm is not None:
        layer.scale[:] = 1 if norm.weight is None else numbers(norm.weight)
        layer.shift[:] = 0 if norm.bias is None else numbers(norm.bias)
    if layer.mean is not None:
        layer.mean[:] = numbers(norm.running_mean) - (0 if bias is None else bias)
        layer.variance[:] = numbers(norm.running_var)
    if layer.slope is not None:
        layer.slope[:] = numbers(activation.weight)


def numbers(tensor) -> Array:
    array = tensor.detach().cpu().numpy()
    if not np.isfinite(array).all():
        raise ValueError("the module has parameters that are not finite")
    return array


def activation_of(module) -> Any:
    """cmlp's activation, or its name."""
    return "identity" if module is None else ACTIVATIONS[kind_of(module)](module)


def softplus(module) -> str:
    if module.beta != 1 or module.threshold < LEAST_THRESHOLD:
        raise ValueError(f"{module}: cmlp's softplus has beta=1 alone, and no threshold (20 and more make no difference)")
    return "softplus"


def only(name: str, **expected):
    """The name, for a module that is as cmlp has it."""

    def check(module):
        for field, value in expected.items():
            if getattr(module, field) != value:
                raise ValueError(f"{module}: cmlp's {name} has {field}={value} alone")
        return name

    return check


# Activations that no module of PyTorch becomes, and why; to_torch writes them as modules of its own.
REFUSED = {
    "sign": "PyTorch has no module of it",
    "exponential": "PyTorch has no module of it",
    "sine": "PyTorch has no module of it",
    "mean_variance": "PyTorch has no module of it; the gaussian loss sets it",
}

ACTIVATIONS = {
    "ReLU": only("relu"),
    "LeakyReLU": lambda module: LeakyReLU(float(module.negative_slope)),
    "PReLU": only("prelu"),
    "ELU": lambda module: ELU(float(module.alpha)),
    "SELU": only("selu"),
    "Softplus": lambda module: softplus(module),
    "Softsign": only("softsign"),
    "Hardsigmoid": only("hard_sigmoid"),
    "Hardtanh": only("hard_tanh", min_val=-1, max_val=1),
    "ReLU6": only("relu6"),
    "GELU": lambda module: {"none": "gelu", "tanh": "gelu_tanh"}[module.approximate],
    "SiLU": only("silu"),
    "Mish": only("mish"),
    "Tanh": only("tanh"),
    "Sigmoid": only("sigmoid"),
    "Softmax": only("softmax"),
}
