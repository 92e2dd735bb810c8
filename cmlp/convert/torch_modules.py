"""Export to PyTorch: an ``nn.Sequential`` of PyTorch's layers, with custom modules for what it does not have."""

from typing import Any

import numpy as np

from cmlp.convert.lookup import check_columns, entry
from cmlp.data.columns import Columns
from cmlp.data.scaling import EDGE, HIGHEST, LOWEST
from cmlp.layers import Layer
from cmlp.model import HasModel, HasSteps, Model
from cmlp.network import Network
from cmlp.norms import BatchNorm, LayerNorm
from cmlp.version import __version__


def to_torch(model: Network | Model | HasModel | HasSteps) -> Any:
    """Export a model to a PyTorch module with the same outputs as `Model.forward`.

    Without residual connections it is an ``nn.Sequential`` of PyTorch's layers. In ``train()`` mode, dropout, noise and batch
    normalization work as in `Network.fit`. The module includes the output function (softmax, sigmoid); PyTorch's losses take
    logits: use ``module[:-1]`` for training.

    Parameters
    ----------
    model : cmlp.Network, cmlp.Model, fitted estimator or pipeline of scikit-learn that ends in one
        For the EMA of the weights, pass `Network.ema_network()`.

    Returns
    -------
    module : torch.nn.Module
        In ``eval()`` mode, in the dtype of the network. With scaling or categories it takes the columns of the table as
        float64. ``module.state_dict()`` has all parameters.

    Raises
    ------
    ImportError
        If torch is not installed.
    ValueError
        If categories are strings, for which PyTorch has no tensors.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.convert.to_torch(cmlp.Network([4, 8, 3], dropout=0.1))
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Dropout(p=0.1, inplace=False)
      (3): Linear(in_features=8, out_features=3, bias=True)
      (4): Softmax(dim=1)
    )
    """
    try:
        import torch
    except ImportError:
        raise ImportError(f"to_torch needs torch, which cmlp {__version__} does not install: see https://pytorch.org") from None
    from cmlp.convert import torch_parts as parts

    model = Model.of(model)
    net, dtype = model.network, torch.float32 if model.network.dtype == np.float32 else torch.float64
    before: list[Any] = [] if model.prepared is None else [prepared(parts, model.prepared, dtype)]
    before += [parts.Scale(net.input_scale)] if net.input_scale != 1 else []
    before += [parts.Noise(net._architecture.input_noise)] if net._architecture.input_noise else []
    before += [torch.nn.Dropout(net._architecture.input_dropout)] if net._architecture.input_dropout else []
    layers = [modules_of(torch, parts, layer, dtype) for layer in net.layers]
    after = []
    if model.scale is not None:
        after = [parts.Affine(*(torch.as_tensor(part, dtype=torch.float64) for part in model.units))]
    if any(layer.source is not None for layer in net.layers):
        made = [torch.nn.Sequential(*each) for each in layers]
        projections = {str(l): linear(torch, layer.P, None, dtype) for l, layer in enumerate(net.layers) if layer.P is not None}
        core = [parts.Residual(made, [layer.source for layer in net.layers], projections)]
    else:
        core = [module for each in layers for module in each]
    return torch.nn.Sequential(*before, *core, *after).eval()


def linear(torch, W, b, dtype) -> Any:
    module = torch.nn.Linear(*W.shape, bias=b is not None, dtype=dtype)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(W.T.copy()))
        if b is not None:
            module.bias.copy_(torch.from_numpy(b.copy()))
    return module


def modules_of(torch, parts, layer: Layer, dtype) -> list[Any]:
    """The modules of a layer: Linear, norm, activation, dropout."""
    modules = [linear(torch, layer.W, layer.b, dtype)]
    if layer.norm is not None:
        norm, values = entry(NORMS, type(layer.norm), "PyTorch")(torch.nn, layer, dtype)
        modules.append(with_values(torch, norm, values | {"weight": layer.scale, "bias": layer.shift}))
    activation = entry(parts.ACTIVATIONS, layer.activation, "PyTorch")(layer)
    if activation is not None:
        modules.append(activation if layer.slope is None else with_values(torch, activation.to(dtype), {"weight": layer.slope}))
    return modules + ([torch.nn.Dropout(layer.dropout)] if layer.dropout else [])


# (module, its running statistics)
NORMS = {
    BatchNorm: lambda nn, layer, dtype: (
        nn.BatchNorm1d(layer.fan_out, eps=layer.norm.eps, momentum=layer.norm.momentum, dtype=dtype),
        {"running_mean": layer.mean, "running_var": layer.variance},
    ),
    LayerNorm: lambda nn, layer, dtype: (nn.LayerNorm(layer.fan_out, eps=layer.norm.eps, dtype=dtype), {}),
}


def with_values(torch, module, values) -> Any:
    with torch.no_grad():
        for name, value in values.items():
            getattr(module, name).copy_(torch.from_numpy(value.copy()))
    return module


def prepared(parts, columns: Columns, dtype) -> Any:
    check_columns(columns, "to_torch")
    if columns.have_text:
        raise ValueError(
            "to_torch does not support categories that are strings, for which PyTorch has no tensors: use to_onnx or to_c"
        )
    return parts.Prepare(columns, (EDGE, LOWEST, HIGHEST), dtype)
