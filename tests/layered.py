"""Networks with learned slopes, norms, dropout, noise and residual connections, for tests of layers."""

import pytest
from common import targets_for

import cmlp
from cmlp import BatchNorm, LayerNorm, reference

SIZES = [5, 8, 8, 6, 6, 3]
SETTINGS = {
    "prelu": {"activation": "prelu"},
    "dropout": {"dropout": 0.4},
    "dropout of some": {"dropout": [0.0, 0.5, 0.0, 0.25]},
    "input dropout": {"input_dropout": 0.3},
    "noise": {"input_noise": 0.2},
    "batch norm": {"norm": "batch"},
    "layer norm": {"norm": "layer"},
    "norms": {"norm": [BatchNorm(momentum=0.5, eps=0.1), None, LayerNorm(eps=0.01), "batch"], "activation": "silu"},
    "residual 1": {"residual": 1},
    "residual 2": {"residual": 2},
    "residual list": {"residual": [1, 1, 2, 3]},
    "all": {
        "activation": ["prelu", "tanh", "gelu", "prelu"],
        "norm": ["batch", "layer", None, "batch"],
        "dropout": [0.2, 0.0, 0.3, 0.1],
        "residual": [1, 2, 0, 1],
        "input_noise": 0.1,
        "input_dropout": 0.1,
    },
}
every = pytest.mark.parametrize("name", SETTINGS)
SMOOTH = {"activation": "tanh"}


def network(name, dtype="float64", sizes=SIZES, **more):
    return cmlp.Network(sizes, **(SMOOTH | SETTINGS[name] | more), dtype=dtype, bias_init="normal")


def problem(rng, n_samples=41, dtype="float64", sizes=SIZES):
    return rng.normal(size=(n_samples, sizes[0])).astype(dtype), targets_for("cross_entropy", rng, n_samples, sizes[-1], dtype)


def next_draw(net):
    return reference.Draw(net.shuffle_seed, 1 if net._optimizer_state is None else net._optimizer_state.cursor.t + 1)


def stir(net, rng):
    """Scales, shifts, slopes and running statistics away from where they begin."""
    for layer in net.layers:
        for vector in (layer.scale, layer.shift, layer.slope, layer.mean):
            if vector is not None:
                vector += 0.3 * rng.normal(size=len(vector))
        if layer.variance is not None:
            layer.variance[:] = rng.uniform(0.5, 2, len(layer.variance))
    return net
