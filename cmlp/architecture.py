"""What a network consists of, from the arguments that describe it: functions, tables, initial parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cmlp import activations, initializers, layers, losses, norms, validation
from cmlp.activations import Activation
from cmlp.initializers import Initializer
from cmlp.layers import Array, Layer, Spec
from cmlp.losses import Loss
from cmlp.norms import Norm
from cmlp.runtime import registry


@dataclass(frozen=True, eq=False)
class Architecture:
    """Everything about a network but its numbers.

    Attributes
    ----------
    sizes : list of int (n_layers + 1,)
    activations : list of Activation (n_layers,)
    norms : list of Norm or None (n_layers,)
    loss : Loss
    tables : (ndarray, ndarray)
        Layers and blocks of parameters: see `cmlp.layers`.
    input_noise, input_dropout : float
    """

    sizes: list[int]
    activations: list[Activation]
    norms: list[Norm | None]
    loss: Loss
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
        return self.sizes[-1] // self.loss.outputs_per_target

    @cached_property
    def is_random(self) -> bool:
        """Whether two passes in training may differ."""
        return bool(self.input_noise or self.input_dropout or self.tables[0]["dropout"].any())

    @cached_property
    def gives_probabilities(self) -> bool:
        """Whether the outputs are probabilities of classes or labels."""
        return self.loss.gives_probabilities(self.activations[-1])

    @cached_property
    def has_running_statistics(self) -> bool:
        """Whether a layer is normalized over the samples of a batch."""
        return bool((self.tables[0]["running"] != layers.NONE).any())

    @property
    def default_initializers(self) -> list[Initializer]:
        """Of the weights of each layer, by the activation behind them."""
        return [activation.initializer() for activation in self.activations]

    def layers_of(self, variables: Array) -> list[Layer]:
        """The layers as views of a flat buffer."""
        rows, blocks = self.tables[0], layers.views(self.tables[1], variables)
        return [
            Layer(
                activation=self.activations[l].name,
                parameter=float(rows["parameter"][l]),
                norm=self.norms[l],
                dropout=float(rows["dropout"][l]),
                source=None if rows["source"][l] == layers.NO_SOURCE else int(rows["source"][l]),
                **blocks[l],
                **layers.running(rows, l, variables),
            )
            for l in range(len(rows))
        ]

    def check_learns(self) -> None:
        """Raise if every gradient is 0: a loss on outputs behind an output function with derivative 0.

        Raises
        ------
        ValueError
        """
        output = self.activations[-1]
        if not self.loss.takes_logits and not output.hidden:
            raise ValueError(
                f"with output {output.name!r} and loss {self.loss.name!r} every gradient is 0: use "
                "loss='perceptron', whose output function is sign"
            )

    def fill(self, variables: Array, init: list, bias_init: list, rng: np.random.Generator) -> None:
        """Initial values: W and b by the initializers, P by Glorot's, scales 1, shifts 0, slopes as the activation says."""
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


def describe(
    sizes: Any,
    activation: Any,
    loss: Any,
    *,
    output: Any,
    norm: Any,
    dropout: Any,
    residual: Any,
    bias: Any,
    input_noise: Any,
    input_dropout: Any,
) -> Architecture:
    """The arguments of `cmlp.Network` checked and resolved.

    Raises
    ------
    TypeError, ValueError
    """
    sizes = validation.check_sizes(sizes)
    n_hidden = len(sizes) - 2
    resolved = losses.resolve(loss)
    hidden = activations.resolve_hidden(activation, n_hidden)
    functions = [*hidden, activations.resolve_output(output, resolved, sizes[-1])]
    chosen = [*norms.resolve(norm, n_hidden), None]
    rates = [*validation.check_rates("dropout", dropout, n_hidden), 0.0]
    sources = [*validation.check_residual(residual, n_hidden), None]
    biases = validation.check_biases(bias, n_hidden + 1)
    specs = [specify(*each) for each in zip(sizes[1:], functions, chosen, rates, sources, biases, strict=True)]
    return Architecture(
        sizes,
        functions,
        chosen,
        resolved,
        layers.tables(sizes[0], specs),
        validation.check_non_negative("input_noise", input_noise),
        validation.check_share("input_dropout", input_dropout),
    )


def specify(fan_out: int, activation: Activation, norm: Norm | None, rate: float, source: int | None, bias: bool) -> Spec:
    """A layer by the rows of its functions in the core's tables."""
    return Spec(
        fan_out,
        registry.activations[activation.name].row,
        activation.parameter,
        activation.learned,
        bias and not (norm is not None and norm.replaces_bias),
        norm=layers.NONE if norm is None else norm.row,
        eps=0.0 if norm is None else float(norm.eps),
        momentum=0.0 if norm is None else norm.running,
        dropout=rate,
        source=layers.NO_SOURCE if source is None else source,
    )
