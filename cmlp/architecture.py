"""What a network consists of, from the arguments that describe it: functions, tables, first parameters."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cmlp import initializers, layers, losses, norms, registry, validation
from cmlp.layers import Array, Layer, Spec
from cmlp.losses import Loss
from cmlp.norms import BatchNorm, Norm


@dataclass(frozen=True, eq=False)
class Architecture:
    """Everything about a network but its numbers.

    Attributes
    ----------
    sizes : list of int (n_layers + 1,)
    activations : list of str (n_layers,)
    norms : list of Norm or None (n_layers,)
    objective : Loss
    tables : (ndarray, ndarray)
        Layers and blocks of parameters: see `cmlp.layers`.
    input_noise, input_dropout : float
    """

    sizes: list[int]
    activations: list[str]
    norms: list[Norm | None]
    objective: Loss
    tables: tuple[Array, Array]
    input_noise: float
    input_dropout: float

    @cached_property
    def n_params(self) -> int:
        return layers.n_params(self.tables[1])

    @cached_property
    def n_variables(self) -> int:
        return layers.n_variables(*self.tables)

    @cached_property
    def n_targets(self) -> int:
        return self.sizes[-1] // self.objective.outputs_per_target

    @cached_property
    def is_random(self) -> bool:
        """Whether two passes in training may differ."""
        return bool(self.input_noise or self.input_dropout or self.tables[0]["dropout"].any())

    def layers_of(self, variables: Array) -> list[Layer]:
        """The layers as views of a flat buffer."""
        rows, blocks = self.tables[0], layers.views(self.tables[1], variables)
        return [
            Layer(
                activation=self.activations[l],
                parameter=float(rows["parameter"][l]),
                norm=self.norms[l],
                dropout=float(rows["dropout"][l]),
                source=None if rows["source"][l] == layers.NO_SOURCE else int(rows["source"][l]),
                **blocks[l],
                **layers.running(rows, l, variables),
            )
            for l in range(len(rows))
        ]

    def fill(self, variables: Array, init: list, bias_init: list, rng: np.random.Generator) -> None:
        """First values: W and b by the initialisers, P by Glorot's, scales 1, shifts 0, slopes as the activation says."""
        for l, layer in enumerate(self.layers_of(variables)):
            fan_in, fan_out = layer.W.shape
            initializers.fill(layer.W, init[l], fan_in, fan_out, rng, f"W{l}")
            if layer.b is not None:
                initializers.fill(layer.b, bias_init[l], fan_in, fan_out, rng, f"b{l}")
            if layer.P is not None:
                initializers.fill(layer.P, initializers.GlorotUniform(), len(layer.P), fan_out, rng, f"P{l}")
            for vector, value in ((layer.scale, 1), (layer.shift, 0), (layer.mean, 0), (layer.variance, 1)):
                if vector is not None:
                    vector[:] = value
            if layer.slope is not None:
                layer.slope[:] = layer.parameter


def describe(sizes, activation, loss, *, output, norm, dropout, residual, bias, input_noise, input_dropout) -> Architecture:
    """The arguments of `cmlp.Network` checked and resolved."""
    sizes = validation.check_sizes(sizes)
    n_hidden = len(sizes) - 2
    objective = losses.resolve(loss)
    functions = [
        *validation.check_activations(activation, n_hidden),
        validation.check_output(output, objective, sizes[-1]),
    ]
    chosen = [*norms.resolve(norm, n_hidden), None]
    rates = [*validation.check_rates("dropout", dropout, n_hidden), 0.0]
    sources = [*validation.check_residual(residual, n_hidden), None]
    biases = validation.check_biases(bias, n_hidden + 1)
    specs = [_specify(*each) for each in zip(sizes[1:], functions, chosen, rates, sources, biases, strict=True)]
    return Architecture(
        sizes,
        [name for name, _ in functions],
        chosen,
        objective,
        layers.tables(sizes[0], specs),
        validation.check_number("input_noise", input_noise, least=0),
        validation.check_share("input_dropout", input_dropout),
    )


def _specify(fan_out: int, function: tuple[str, float], norm: Norm | None, rate: float, source: int | None, bias: bool) -> Spec:
    name, parameter = function
    info = registry.activations[name]
    has_b = bias and not isinstance(norm, BatchNorm)
    return Spec(
        fan_out,
        info.row,
        parameter,
        info.learned,
        has_b,
        norm=layers.NONE if norm is None else registry.norms[norm.name].row,
        eps=0.0 if norm is None else float(norm.eps),
        momentum=float(norm.momentum) if isinstance(norm, BatchNorm) else 0.0,
        dropout=rate,
        source=layers.NO_SOURCE if source is None else source,
    )
