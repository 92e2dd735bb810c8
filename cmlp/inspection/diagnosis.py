"""Diagnosis of a training step: problems of gradients, units and learning rate, each with its remedy."""

from dataclasses import dataclass

import numpy as np

from cmlp import optimizers, validation
from cmlp._typing import Labels, Matrix
from cmlp.activations import BY_NAME
from cmlp.inspection.subjects import Subject, samples_of
from cmlp.layers import Array

MOST_SAMPLES = 1000
EDGE = 0.01  # a unit is saturated within this fraction of the range of its activation from either end

VANISHING = 1e-3  # std of dZ of a layer relative to the last: below it gradients vanish, above its inverse they explode
MOST_DEAD = 0.5  # fraction of the units
MOST_SATURATED = 0.5  # fraction of the elements of A
LARGE_UPDATE, SMALL_UPDATE = 0.2, 1e-6  # |change of W| / |W|


@dataclass(frozen=True)
class LayerHealth:
    """Statistics of one layer over the samples.

    Attributes
    ----------
    activation : str
    Z_std, A_std, dZ_std : float
        Standard deviations; dZ is the gradient of a single sample's loss.
    dead : float
        Fraction of the units of relu or relu6 whose output is 0 for every sample.
    saturated : float
        Fraction of the elements of A within 1 % of the activation's range from either end; 0 for activations that do not
        saturate.
    gradient_to_weight : float
        Norm of dW divided by the norm of W.
    update_to_weight : float
        Norm of the change of W in one step of the optimizer, divided by the norm of W.
    alike : bool
        Whether all units have the same weights.
    """

    activation: str
    Z_std: float
    A_std: float
    dZ_std: float
    dead: float
    saturated: float
    gradient_to_weight: float
    update_to_weight: float
    alike: bool


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` returns. Print it for a table of the layers and the problems found.

    Attributes
    ----------
    layers : list of LayerHealth
    troubles : dict of str to str
        Problem to its description and remedy: "symmetric", "vanishing", "exploding", "dead", "saturated", "rate too high",
        "rate too low". Empty if there is none.
    """

    layers: list[LayerHealth]
    troubles: dict[str, str]

    def __str__(self) -> str:
        head = f"{'layer':>5}  {'activation':12}{'std Z':>10}{'std A':>10}{'std dZ':>10}{'dead':>7}{'saturated':>11}"
        lines = [head + f"{'|dW|/|W|':>11}{'|change|/|W|':>14}"]
        for l, health in enumerate(self.layers):
            deviations = "".join(f"{value:10.3g}" for value in (health.Z_std, health.A_std, health.dZ_std))
            fractions = f"{health.dead:7.0%}{health.saturated:11.0%}"
            ratios = f"{health.gradient_to_weight:11.2g}{health.update_to_weight:14.2g}"
            lines.append(f"{l:5}  {health.activation:12}{deviations}{fractions}{ratios}")
        problems = [f"{name}: {text}" for name, text in self.troubles.items()] or ["no problems found"]
        return "\n".join(lines + problems)

    __repr__ = __str__


def diagnose(
    net: Subject, X: Matrix, y: Labels, optimizer: str | optimizers.Optimizer = "adam", *, batch_size: int = 128
) -> Diagnosis:
    """Diagnose training: vanishing and exploding gradients, dead and saturated units, symmetric weights, learning rate.

    Runs one forward and backward pass of the network, and one optimizer step of a copy.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
        It is not changed. X and y are prepared as an estimator or a model does.
    X, y : as in `cmlp.Network.fit`
        The first 1,000 samples are used.
    optimizer : str or Optimizer, default "adam"
        Makes the step, from the optimizer state of the network if it has one.
    batch_size : int, default 128
        Mini-batch size of the step.

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> good = cmlp.Network([64, 32, 10], input_scale=1 / 16)
    >>> inspection.diagnose(good, X, y).troubles
    {}
    >>> bad = cmlp.Network([64, 32, 10], input_scale=1 / 16, init="zeros")
    >>> list(inspection.diagnose(bad, X, y).troubles)
    ['symmetric']
    """
    network, rows, known = samples_of(net, X, y, MOST_SAMPLES)
    trace = network.trace(rows, known)
    batch = slice(0, validation.check_integer("batch_size", batch_size, 1))
    twin, before = network.copy(), [layer.W.copy() for layer in network.layers]
    cost = twin.cost(rows[batch], known[batch])
    try:
        twin.step(rows[batch], known[batch], optimizer)
        cost_after = twin.cost(rows[batch], known[batch])
    except FloatingPointError:
        cost_after = np.inf
    layers = [
        _health(traced, W, layer.W, len(rows)) for traced, W, layer in zip(trace.layers, before, twin.layers, strict=True)
    ]
    return Diagnosis(layers, _troubles(layers, cost, cost_after, optimizers.resolve(optimizer)))


def _health(traced, W: Array, W_after: Array, n: int) -> LayerHealth:
    A, activation = traced.A, BY_NAME[traced.activation]
    norm = float(np.linalg.norm(W))
    dead = saturated = 0.0
    if activation.can_die:
        dead = float(((traced.Z if traced.N is None else traced.N) <= 0).all(axis=0).mean())
    if activation.saturates:
        low, high = activation.range
        near = EDGE * (high - low)
        saturated = float(((low + near > A) | (high - near < A)).mean())
    return LayerHealth(
        traced.activation,
        float(traced.Z.std()),
        float(A.std()),
        float(traced.dZ.std() * n),
        dead,
        saturated,
        float(np.linalg.norm(traced.dW)) / norm if norm else 0.0,
        float(np.linalg.norm(W_after - W)) / norm if norm else 0.0,
        bool(W.shape[1] > 1 and (W[:, :1] == W).all()),
    )


def _troubles(layers: list[LayerHealth], cost: float, cost_after: float, optimizer) -> dict[str, str]:
    alike = [l for l, health in enumerate(layers[:-1]) if health.alike]
    if alike:  # the cause of any other problem
        text = (
            f"all units of layer {alike[0]} have the same weights, so they get the same gradient and stay equal: "
            "use a random initializer (init=None chooses it by the activation)"
        )
        return {"symmetric": text}
    troubles = _of_gradients(layers, cost) | _of_units(layers)
    rate = _of_the_rate([health.update_to_weight for health in layers], cost, cost_after, optimizer)
    if "vanishing" in troubles:
        rate.pop("rate too low", None)
    return troubles | rate


def _of_gradients(layers: list[LayerHealth], cost: float) -> dict[str, str]:
    troubles = {}
    last = layers[-1].dZ_std
    ratios = [health.dZ_std / last for health in layers[:-1]] if last else []
    if ratios and min(ratios) < VANISHING:
        l = int(np.argmin(ratios))
        troubles["vanishing"] = (
            f"dZ of layer {l} is {ratios[l]:.1g} of dZ of the last layer, so layer {l} hardly learns: use relu, Glorot or He "
            "initialization (init=None), residual=1, norm='batch', or fewer layers"
        )
    if (ratios and max(ratios) > 1 / VANISHING) or not np.isfinite(cost):
        troubles["exploding"] = (
            "gradients grow from layer to layer in the backward pass: use smaller initial weights (init=None), scale the "
            "inputs to about 1, or clip the gradients (clip_norm=1.0)"
        )
    return troubles


def _of_units(layers: list[LayerHealth]) -> dict[str, str]:
    troubles = {}
    dead = max(range(len(layers)), key=lambda l: layers[l].dead)
    if layers[dead].dead > MOST_DEAD:
        troubles["dead"] = (
            f"{layers[dead].dead:.0%} of the units of layer {dead} output 0 for every sample, so their gradient is 0: "
            "reinitialize (net.reset()) with a smaller learning rate, or use leaky_relu or elu"
        )
    full = max(range(len(layers)), key=lambda l: layers[l].saturated if l < len(layers) - 1 else -1)
    if layers[full].saturated > MOST_SATURATED and full < len(layers) - 1:
        troubles["saturated"] = (
            f"{layers[full].saturated:.0%} of A of layer {full} are in the saturated range of {layers[full].activation}, "
            "where its derivative is nearly 0: scale the inputs to about 1, use smaller initial weights, or relu"
        )
    return troubles


def _of_the_rate(updates: list[float], cost: float, cost_after: float, optimizer) -> dict[str, str]:
    step = f"one step at learning rate {getattr(optimizer, 'learning_rate', None)}"
    largest = max(updates)
    if largest > LARGE_UPDATE or cost_after > 2 * cost:
        what = f"changes the weights of a layer by {largest:.1g} of their norm and the cost from {cost:.3g} to {cost_after:.3g}"
        return {"rate too high": f"{step} {what}: divide it by ten"}
    if largest < SMALL_UPDATE:
        return {"rate too low": f"{step} changes no weights by more than {largest:.1g} of their norm: multiply it by ten"}
    return {}
