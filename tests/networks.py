"""Networks and trainings of every kind, drawn at random."""

from common import HIDDEN, HYPER, LOSSES

from cmlp import BatchNorm, LayerNorm, Regularization

SMOOTH_ENOUGH = [name for name in HIDDEN if name != "exponential"]  # e^e^z leaves no room


def random_network(rng, **fixed):
    """A network of some kind, by keyword."""
    n_hidden = int(rng.integers(1, 5))
    objective = LOSSES[rng.choice(["cross_entropy", "squared_error", "log_loss", "huber", "quantile", "gaussian"])]
    widths = rng.choice([1, 3, 8, 17], n_hidden + 1).tolist()

    def each(choices, chance):
        return [choices[rng.integers(len(choices))] if rng.random() < chance else choices[0] for _ in range(n_hidden)]

    return {
        "sizes": [*map(int, widths), 3 * objective.outputs_per_target],
        "activation": [str(name) for name in rng.choice(SMOOTH_ENOUGH, n_hidden)],
        "loss": objective,
        "norm": each([None, BatchNorm(momentum=0.3, eps=1e-2), LayerNorm(eps=1e-2)], 0.5),
        "dropout": each([0.0, 0.1, 0.4], 0.4),
        "residual": [int(rng.integers(0, l + 2)) if rng.random() < 0.4 else 0 for l in range(n_hidden)],
        "input_dropout": float(rng.choice([0, 0, 0.2])),
        "input_noise": float(rng.choice([0, 0, 0.1])),
        "bias": [bool(rng.random() < 0.8) for _ in range(n_hidden + 1)],
        "seed": int(rng.integers(1000)),
        "init": "glorot_normal",
        "dtype": "float64",
    } | fixed


def random_training(rng, net):
    """Settings of `Network.fit`."""

    def some(value):
        return value if rng.random() < 0.35 else None

    regularization = Regularization(
        l1=some(0.001) or 0.0,
        l2=some(0.01) or 0.0,
        weight_decay=some(0.02) or 0.0,
        max_norm=some(0.9),
        biases=bool(rng.random() < 0.5),
        norms=bool(rng.random() < 0.5),
        slopes=bool(rng.random() < 0.5),
        layers=some([0]),
    )
    by_block = bool(rng.random() < 0.5)
    clip = some({"clip_norm": 0.1, "clip_by_block": by_block}) or some({"clip_value": 0.02}) or {}
    settings = {"regularization": regularization, **clip, "lr_multipliers": some({"W*": 0.5}), "ema_decay": some(0.9)}
    settings["gradient_accumulation_steps"] = int(rng.integers(1, 4))
    settings["optimizer"] = HYPER[rng.choice([name for name in HYPER if name != "rprop"])]
    settings["sample_weight"] = some(rng.uniform(0.2, 2, 70))
    if any(layer.dropout for layer in net.layers):
        settings["dropout"] = some(0.25)
    return settings
