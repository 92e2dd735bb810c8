"""Import of ``nn.Sequential`` from PyTorch."""

import itertools
from typing import Any

import numpy as np

from cmlp.activations import ELU, LeakyReLU
from cmlp.layers import Array
from cmlp.losses import Loss
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm

LOSSES = {"Softmax": "cross_entropy", "LogSoftmax": "cross_entropy", "Sigmoid": "log_loss"}
LEAST_THRESHOLD = 20  # of Softplus, which is linear above it: e^-20 is below 3e-9
IGNORED = ("Identity", "Flatten")
NORMS = ("BatchNorm1d", "LayerNorm")
ORDER = {"Linear": 0, "norm": 1, "activation": 2, "Dropout": 3}  # within a layer


def from_torch(module: Any, loss: str | Loss | None = None, **settings: Any) -> Network:
    """Import an ``nn.Sequential``, for prediction and further training.

    Parameters
    ----------
    module : torch.nn.Sequential
        Of Linear, BatchNorm1d or LayerNorm, activations and Dropout, in this order within a layer. Flatten and Identity are
        skipped, nested Sequentials are flattened, and Dropout at the beginning is dropout of the inputs.
    loss : str or Loss, optional
        As in `cmlp.Network`. Optional if the module ends with Softmax, LogSoftmax or Sigmoid. After a Linear it must be given:
        "cross_entropy" or "log_loss" if the outputs are logits, "squared_error" or another for regression.
    **settings
        More arguments of `cmlp.Network`; the default dtype is that of the weights.

    Returns
    -------
    network : Network
        With the same outputs, but for the output function of the loss: with cross_entropy `Network.forward` returns
        probabilities, even if the module returns logits.

    Raises
    ------
    ValueError
        If a module or its position is not supported, or if loss must be given.

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
        raise ValueError("the last layer must not have a norm or dropout: end the module with a Linear")
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
    """The modules of nested Sequentials, in order."""
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
    """The modules of each layer, by role."""
    layers: list[dict[str, Any]] = []
    last = -1
    for module in modules:
        name = kind_of(module)
        part = name if name in ("Linear", "Dropout") else "norm" if name in NORMS else "activation"
        if name in ("Softmax", "LogSoftmax") and module.dim not in (1, -1, None):
            raise ValueError(f"{module} must be over the units, dim=1 or dim=-1, got dim={module.dim}")
        if part == "activation" and name not in (*ACTIVATIONS, "LogSoftmax"):
            raise ValueError(
                f"modules must be Linear, Dropout, {', '.join((*NORMS, *ACTIVATIONS))}, got {module}, which is not supported"
            )
        if part == "Linear":
            layers.append({})
        elif not layers or ORDER[part] <= last:
            raise ValueError(f"{module} is out of place: the order within a layer must be Linear, norm, activation, dropout")
        layers[-1][part], last = module, ORDER[part]
    if not layers:
        raise ValueError("module must have at least one Linear, got none")
    for before, after in itertools.pairwise(layers):
        if before["Linear"].out_features != after["Linear"].in_features:
            raise ValueError(f"out_features must equal the next in_features, got {before['Linear']} before {after['Linear']}")
    return layers


def loss_and_output(layers, loss) -> tuple[Any, Any]:
    """(loss, output function); the latter None where the loss sets it."""
    last = layers[-1].get("activation")
    if loss is None:
        if kind_of(last) not in LOSSES:
            raise ValueError(
                f"loss must be given for a module that ends with {layers[-1]['Linear'] if last is None else last}: "
                "use loss='cross_entropy' or 'log_loss' if its outputs are logits, 'squared_error' or another for regression"
            )
        loss = LOSSES[kind_of(last)]
    name = getattr(loss, "name", loss)
    sets_own = {"cross_entropy": ("Softmax", "LogSoftmax"), "log_loss": ("Sigmoid",)}
    if name in sets_own:
        if last is not None and kind_of(last) not in sets_own[name]:
            raise ValueError(
                f"with loss {name!r} the module must end with {' or '.join(sets_own[name])} or a Linear, got {last}"
            )
        return loss, None
    if kind_of(last) == "LogSoftmax":
        raise ValueError(f"loss must be 'cross_entropy' for a module that ends with LogSoftmax, got {name!r}")
    return loss, None if last is None else activation_of(last)


def norm_of(norm):
    if norm is None:
        return None
    if kind_of(norm) == "LayerNorm":
        if len(norm.normalized_shape) != 1:
            raise ValueError(f"LayerNorm must have one dimension, the units of a layer, got {norm}")
        return LayerNorm(eps=norm.eps)
    if norm.running_mean is None or norm.momentum is None:
        raise ValueError(f"BatchNorm1d must have running statistics and a momentum, got {norm}")
    return BatchNorm(eps=norm.eps, momentum=norm.momentum)


def fill(layer, given) -> None:
    """Copy the parameters of a layer; a bias before batch normalization is subtracted from the running mean."""
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
        raise ValueError("the parameters of the module must be finite, got nan or inf")
    return array


def activation_of(module) -> Any:
    """The activation of cmlp, or its name."""
    return "identity" if module is None else ACTIVATIONS[kind_of(module)](module)


def softplus(module) -> str:
    if module.beta != 1 or module.threshold < LEAST_THRESHOLD:
        raise ValueError(f"Softplus must have beta=1 and threshold >= {LEAST_THRESHOLD}, got {module}")
    return "softplus"


def only(name: str, **expected):
    """A function that returns the name, for modules with these settings."""

    def check(module):
        for field, value in expected.items():
            if getattr(module, field) != value:
                raise ValueError(f"{name} must have {field}={value}, got {module}")
        return name

    return check


# Activations that from_torch does not return, and why; to_torch exports them as custom modules.
REFUSED = {
    "sign": "PyTorch has no such module",
    "exponential": "PyTorch has no such module",
    "sine": "PyTorch has no such module",
    "mean_variance": "PyTorch has no such module; it is set by loss='gaussian'",
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
