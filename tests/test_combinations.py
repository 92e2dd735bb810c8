"""Random combinations of everything that a network and a training can have: against the reference, and on any threads."""

import numpy as np
import pytest
from common import HIDDEN, HYPER, LOSSES, numbers_of, seeds, targets_for
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import BatchNorm, Clip, LayerNorm, Penalty, reference, registry, rules, threads

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

    penalty = Penalty(
        l1=some(0.001) or 0.0,
        l2=some(0.01) or 0.0,
        weight_decay=some(0.02) or 0.0,
        max_norm=some(0.9),
        biases=bool(rng.random() < 0.5),
        norms=bool(rng.random() < 0.5),
        slopes=bool(rng.random() < 0.5),
        layers=some([0]),
    )
    clip = some(Clip(norm=0.1, by_block=bool(rng.random() < 0.5))) or some(Clip(value=0.02))
    settings = {"penalty": penalty, "clip": clip, "rates": some({"W*": 0.5}), "average": some(0.9)}
    settings["accumulate"] = int(rng.integers(1, 4))
    settings["optimizer"] = HYPER[rng.choice([name for name in HYPER if name != "rprop"])]
    settings["sample_weight"] = some(rng.uniform(0.2, 2, 70))
    if any(layer.dropout for layer in net.layers):
        settings["dropout"] = some(0.25)
    return settings


def by_reference(net, X, Y, settings):
    """(losses, rules) of the same training."""
    optimizer, mean = settings["optimizer"], net.variables.copy() if settings["average"] else None
    named = (settings[name] for name in ("penalty", "clip", "rates"))
    kept = rules.resolve(net.tables[1], *named, getattr(optimizer, "weight_decay", 0.0), mean, settings["average"])
    hyper = dict(zip(registry.optimizers[optimizer.name].hyper, numbers_of(optimizer)))
    weight = settings["sample_weight"]
    _, losses, _ = reference.fit(
        net.layers,
        X,
        Y,
        loss=net.loss,
        loss_values=net.objective.values,
        optimizer=optimizer.name,
        hyper=hyper | ({"dropout": settings["dropout"]} if settings.get("dropout") else {}),
        batch_size=16,
        accumulated=settings["accumulate"],
        epochs=3,
        seed=net.shuffle_seed,
        sample_weight=None if weight is None else weight / weight.mean(),
        rules=kept,
        input_noise=net.architecture.input_noise,
        input_dropout=net.architecture.input_dropout,
    )
    return losses, kept


@pytest.mark.parametrize("seed", seeds(200, 20))
def test_random_combinations(seed, monkeypatch):
    monkeypatch.setattr(threads, "WORK_PER_THREAD", 1)
    rng = np.random.default_rng([seed, 7])
    net = cmlp.Network(**random_network(rng))
    X = rng.normal(size=(70, net.sizes[0]))
    Y = targets_for(net.loss, rng, 70, net.sizes[-1])
    settings = random_training(rng, net)
    losses, kept = by_reference(net, X, Y, settings)
    twins = [net.copy() for _ in range(2)]
    history = net.fit(X, Y, batch_size=16, epochs=3, n_threads=1, **settings)
    assert_allclose(history.loss, losses, rtol=1e-6)  # Adam divides by small numbers, signs turn at 0
    if kept is not None and kept.average is not None:
        assert_allclose(net.mean, kept.average, rtol=1e-5, atol=1e-6)
    for twin, n_threads in zip(twins, (2, 3)):
        twin.fit(X, Y, batch_size=16, epochs=3, n_threads=n_threads, **settings)
        assert_array_equal(twin.variables, net.variables)
        assert_array_equal(twin.forward(X, n_threads=n_threads), net.forward(X, n_threads=1))


@pytest.mark.parametrize("seed", seeds(30, 10))
def test_random_gradients(seed):
    rng = np.random.default_rng([seed, 8])
    net = cmlp.Network(**random_network(rng))
    X = rng.normal(size=(9, net.sizes[0]))
    Y = targets_for(net.loss, rng, 9, net.sizes[-1])
    check = cmlp.inspection.check_gradients(net, X, Y, most=20)
    assert check.ok, check
