"""Does this network learn? The numbers that tell, layer by layer, and what they say in words, with the remedy."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import optimizers, validation
from cmlp.activations import BY_NAME
from cmlp.layers import Array
from cmlp.network import Network

MOST_SAMPLES = 1000
EDGE = 0.01  # of the range of a function that saturates: nearer to its ends than this it is saturated

FADING = 1e-3  # dZ of a layer against that of the last, below which gradients vanish; above the inverse they explode
MOST_DEAD = 0.5  # share of the units
MOST_SATURATED = 0.5  # share of the numbers in A
LARGE_UPDATE, SMALL_UPDATE = 0.2, 1e-6  # |change of W| / |W|


@dataclass(frozen=True)
class LayerHealth:
    """One layer, over the samples.

    Attributes
    ----------
    Z_std, A_std, dZ_std : float
        Standard deviations; of dZ for the loss of a single sample.
    dead : float
        Share of units of relu or relu6 that are 0 for every sample.
    saturated : float
        Share of the numbers in A of a function that saturates that are within a hundredth of its range from an end.
    gradient_to_weight : float
        Norm of dW divided by that of W.
    update_to_weight : float
        Norm of the change of W divided by that of W, in one step of the optimizer.
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
    """Print it for the table and the words.

    Attributes
    ----------
    layers : list of LayerHealth
    troubles : dict of str to str
        Name of a trouble to what it is and what to do: "symmetric", "vanishing", "exploding", "dead", "saturated",
        "rate too high", "rate too low". Empty for a healthy network.
    """

    layers: list[LayerHealth]
    troubles: dict[str, str]

    def __str__(self) -> str:
        head = f"{'layer':>5}  {'function':12}{'std Z':>10}{'std A':>10}{'std dZ':>10}{'dead':>7}{'saturated':>11}"
        lines = [head + f"{'|dW|/|W|':>11}{'|change|/|W|':>14}"]
        for l, health in enumerate(self.layers):
            spreads = "".join(f"{value:10.3g}" for value in (health.Z_std, health.A_std, health.dZ_std))
            shares = f"{health.dead:7.0%}{health.saturated:11.0%}"
            ratios = f"{health.gradient_to_weight:11.2g}{health.update_to_weight:14.2g}"
            lines.append(f"{l:5}  {health.activation:12}{spreads}{shares}{ratios}")
        words = [f"{name}: {text}" for name, text in self.troubles.items()] or ["no trouble found"]
        return "\n".join(lines + words)

    __repr__ = __str__


def diagnose(net: Network, X: Any, y: Any, optimizer: Any = "adam", *, batch_size: int = 128) -> Diagnosis:
    """Look at one forward and backward pass, and at one step of a copy.

    Parameters
    ----------
    net : cmlp.Network
        It is not changed.
    X, y : as in `cmlp.Network.fit`
        The first 1,000 samples are looked at.
    optimizer : str or Optimizer, default "adam"
        Whose step is tried, with the state that the network has of it.
    batch_size : int, default 128
        Samples of that step.

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
    X, y = np.asarray(X)[:MOST_SAMPLES], np.asarray(y)[:MOST_SAMPLES]
    trace = net.trace(X, y)
    batch = slice(0, validation.check_integer("batch_size", batch_size, 1))
    twin, before = net.copy(), [layer.W.copy() for layer in net.layers]
    cost = twin.cost(X[batch], y[batch])
    try:
        twin.step(X[batch], y[batch], optimizer)
        cost_after = twin.cost(X[batch], y[batch])
    except FloatingPointError:
        cost_after = np.inf
    layers = [_health(traced, W, layer.W, len(X)) for traced, W, layer in zip(trace.layers, before, twin.layers, strict=True)]
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
    if alike:  # what else is odd follows from it
        text = (
            f"all units of layer {alike[0]} have the same weights, so they get the same gradient and stay equal for ever: "
            "start from random weights (init=None chooses them by the activation)"
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
    if ratios and min(ratios) < FADING:
        l = int(np.argmin(ratios))
        troubles["vanishing"] = (
            f"dZ of layer {l} is {ratios[l]:.1g} of that of the last layer, so it hardly learns: use relu or another "
            "rectifier, Glorot's or He's initial weights (init=None), residual=1, norm='batch', or fewer layers"
        )
    if (ratios and max(ratios) > 1 / FADING) or not np.isfinite(cost):
        troubles["exploding"] = (
            "gradients grow on their way back: use smaller initial weights (init=None), scale the inputs to about 1, or clip "
            "them (clip=cmlp.Clip(norm=1.0))"
        )
    return troubles


def _of_units(layers: list[LayerHealth]) -> dict[str, str]:
    troubles = {}
    dead = max(range(len(layers)), key=lambda l: layers[l].dead)
    if layers[dead].dead > MOST_DEAD:
        troubles["dead"] = (
            f"{layers[dead].dead:.0%} of the units of layer {dead} are 0 for every sample and get no gradient: begin again "
            "(net.reset()) with a smaller learning rate, or use leaky_relu or elu"
        )
    full = max(range(len(layers)), key=lambda l: layers[l].saturated if l < len(layers) - 1 else -1)
    if layers[full].saturated > MOST_SATURATED and full < len(layers) - 1:
        troubles["saturated"] = (
            f"{layers[full].saturated:.0%} of A of layer {full} lie at the ends of {layers[full].activation}, where its "
            "derivative is nearly 0: scale the inputs to about 1, use smaller initial weights, or relu"
        )
    return troubles


def _of_the_rate(updates: list[float], cost: float, cost_after: float, optimizer) -> dict[str, str]:
    step = f"one step at learning rate {getattr(optimizer, 'learning_rate', None)}"
    largest = max(updates)
    if largest > LARGE_UPDATE or cost_after > 2 * cost:
        what = f"moves a layer by {largest:.1g} of its length and takes the cost from {cost:.3g} to {cost_after:.3g}"
        return {"rate too high": f"{step} {what}: divide it by ten"}
    if largest < SMALL_UPDATE:
        return {"rate too low": f"{step} moves no layer by more than {largest:.1g} of its length: multiply it by ten"}
    return {}
