"""PyTorch modules for what torch.nn does not have, and its equivalents of cmlp's activations. Needs torch."""

import numpy as np
import torch
from torch import nn


class Scale(nn.Module):
    """Multiplication by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor

    def extra_repr(self) -> str:
        return f"{self.factor:g}"


class Noise(nn.Module):
    """Gaussian noise in training."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        return f"{self.std:g}"


class Affine(nn.Module):
    """Conversion of the outputs to the units of the target, in float64."""

    def __init__(self, factor, summand) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.register_buffer("summand", summand)

    def forward(self, x):
        return x.double() * self.factor + self.summand


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function, parameter: float = 0.0) -> None:
        super().__init__()
        self.function, self.parameter = function, parameter

    def forward(self, z):
        return self.function(z, self.parameter)

    def extra_repr(self) -> str:
        return self.function.__name__ + (f", {self.parameter:g}" if self.parameter else "")


class Residual(nn.Module):
    """Layers with residual connections: some add the output of an earlier layer (-1: the inputs), as it is or projected."""

    def __init__(self, layers, sources, projections) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.projections = nn.ModuleDict(projections)
        self.sources = sources

    def forward(self, x):
        outputs = [x]
        for l, (layer, source) in enumerate(zip(self.layers, self.sources)):
            out = layer(outputs[-1])
            if source is not None:
                added = outputs[source + 1]
                out = out + (self.projections[str(l)](added) if str(l) in self.projections else added)
            outputs.append(out)
        return outputs[-1]


class Prepare(nn.Module):
    """`cmlp.data.Columns`, for numeric columns and categories."""

    fill: torch.Tensor | None
    center: torch.Tensor | None
    scale: torch.Tensor | None
    quantiles: torch.Tensor | None

    def __init__(self, columns, limits, dtype) -> None:
        super().__init__()
        self.places = [feature.place for feature in columns.features]
        self.parts = [feature.part for feature in columns.features]
        self.kept, self.indicated, self.ranked = columns.kept, columns.indicated, columns.ranked
        self.categorical, self.limits, self.dtype = columns.categorical, limits, dtype
        self.infrequent = [bool(each.n_infrequent) for each in columns.categories]
        for name in ("fill", "center", "scale", "quantiles"):
            value = getattr(columns, name)
            self.register_buffer(name, None if value is None else torch.as_tensor(np.array(value, np.float64)))
        for place, known in zip(columns.categorical, columns.categories):
            levels = [np.nan if level is None else float(level) for level in known.levels]
            self.register_buffer(f"categories_{place}", torch.as_tensor(np.array(levels)))

    def forward(self, x):
        x = x.double()
        parts = [self.numbers(self.dates(x[:, self.places]))] if self.places else []
        for place, infrequent in zip(self.categorical, self.infrequent):
            column, known = x[:, place : place + 1], getattr(self, f"categories_{place}")
            parts.append((column == known) | (column.isnan() & known.isnan()))
            parts += [~parts[-1].any(dim=1, keepdim=True)] if infrequent else []
        return torch.cat([part.to(self.dtype) for part in parts], dim=1)

    def dates(self, v):
        if not any(self.parts):
            return v
        return torch.stack([calendar_part(v[:, j], part) if part else v[:, j] for j, part in enumerate(self.parts)], dim=1)

    def numbers(self, v):
        if self.fill is not None:
            missing = v.isnan()
            v = torch.where(missing & self.fill.isfinite(), self.fill, v)
            v = torch.cat([v[:, self.kept], missing[:, self.indicated].double()], dim=1)
        if self.quantiles is not None:
            v = v.clone()
            for k, number in enumerate(self.ranked):
                v[:, number] = self.scores(v[:, number], self.quantiles[:, k])
        return v if self.center is None else (v - self.center) / self.scale

    def scores(self, v, q):
        edge, lowest, highest = self.limits
        q = q.contiguous()
        places = (rank(v, q, right=True) + rank(v, q, right=False)) / 2
        places = torch.where(v - edge < q[0], 0.0, torch.where(v + edge > q[-1], 1.0, places))
        return torch.special.ndtri(places).clamp(lowest, highest)


def calendar_part(days, part: str):
    """The year, month, day of the week or hour of days since 1970-01-01."""
    date = days.floor()
    if part == "day_of_week":
        return (date + 3) % 7
    if part == "hour":
        return (((days - date) * 86400).round() / 3600).floor() % 24
    z = date + 719468  # days since 0000-03-01, of the calendar that begins in March
    era = (z / 146097).floor()
    day = z - era * 146097
    year = ((day - (day / 1460).floor() + (day / 36524).floor() - (day / 146096).floor()) / 365).floor()
    day = day - (365 * year + (year / 4).floor() - (year / 100).floor())
    month = ((5 * day + 2) / 153).floor()
    month = month + torch.where(month < 10, 3, -9)
    return month if part == "month" else year + era * 400 + (month <= 2)


def rank(v, q, right: bool):
    """The rank of v among the increasing q, from 0 to 1, interpolated."""
    n = len(q)
    high = torch.searchsorted(q, v.contiguous(), right=right).clamp(1, n - 1)
    below, above = q[high - 1], q[high]
    part = torch.where(above > below, (v - below) / (above - below), 1.0 if right else 0.0)
    return ((high - 1 + part.clamp(0, 1)) / (n - 1)).clamp(0, 1)


def sign(z, parameter):
    return torch.where(z >= 0, 1.0, -1.0).to(z.dtype)


def exponential(z, parameter):
    return torch.exp(z)


def sine(z, frequency):
    return torch.sin(frequency * z)


def mean_variance(z, parameter):
    return torch.stack([z[:, ::2], torch.exp(z[:, 1::2])], dim=2).flatten(1)


ACTIVATIONS = {
    "identity": lambda layer: None,
    "sign": lambda layer: Function(sign),
    "sigmoid": lambda layer: nn.Sigmoid(),
    "tanh": lambda layer: nn.Tanh(),
    "relu": lambda layer: nn.ReLU(),
    "leaky_relu": lambda layer: nn.LeakyReLU(layer.parameter),
    "prelu": lambda layer: nn.PReLU(layer.fan_out),
    "elu": lambda layer: nn.ELU(layer.parameter),
    "selu": lambda layer: nn.SELU(),
    "softplus": lambda layer: nn.Softplus(threshold=50),
    "softsign": lambda layer: nn.Softsign(),
    "hard_sigmoid": lambda layer: nn.Hardsigmoid(),
    "hard_tanh": lambda layer: nn.Hardtanh(),
    "relu6": lambda layer: nn.ReLU6(),
    "exponential": lambda layer: Function(exponential),
    "gelu": lambda layer: nn.GELU(),
    "gelu_tanh": lambda layer: nn.GELU(approximate="tanh"),
    "silu": lambda layer: nn.SiLU(),
    "mish": lambda layer: nn.Mish(),
    "sine": lambda layer: Function(sine, layer.parameter),
    "mean_variance": lambda layer: Function(mean_variance),
    "softmax": lambda layer: nn.Softmax(dim=1),
}
