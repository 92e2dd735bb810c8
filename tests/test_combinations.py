"""Random combinations of everything that a network and a training can have: against the reference, and on any threads."""

import numpy as np
import pytest
from common import numbers_of, seeds, take_all_threads, targets_for
from networks import random_network, random_training
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import reference, regularization
from cmlp.runtime import registry


def by_reference(net, X, Y, settings):
    """(losses, rules) of the same training."""
    optimizer, ema = settings["optimizer"], net.variables.copy() if settings["ema_decay"] else None
    names = ("regularization", "clip_norm", "clip_value", "clip_by_block", "lr_multipliers", "ema_decay")
    asked = {name: settings[name] for name in names if name in settings}
    kept = regularization.resolve(net.tables[1], **asked, weight_decay=getattr(optimizer, "weight_decay", 0.0), ema=ema)
    hyper = dict(zip(registry.optimizers[optimizer.name].hyper, numbers_of(optimizer)))
    weight = settings["sample_weight"]
    _, losses, _ = reference.fit(
        net.layers,
        X,
        Y,
        loss=net.loss,
        loss_values=net.loss_function.values,
        optimizer=optimizer.name,
        hyper=hyper | ({"dropout": settings["dropout"]} if settings.get("dropout") else {}),
        batch_size=16,
        accumulated=settings["gradient_accumulation_steps"],
        epochs=3,
        seed=net.shuffle_seed,
        sample_weight=None if weight is None else weight / weight.mean(),
        rules=kept,
        input_noise=net._architecture.input_noise,
        input_dropout=net._architecture.input_dropout,
    )
    return losses, kept


@pytest.mark.parametrize("seed", seeds(200, 20))
def test_random_combinations(seed, monkeypatch):
    take_all_threads(monkeypatch)
    rng = np.random.default_rng([seed, 7])
    net = cmlp.Network(**random_network(rng))
    X = rng.normal(size=(70, net.sizes[0]))
    Y = targets_for(net.loss, rng, 70, net.sizes[-1])
    settings = random_training(rng, net)
    losses, kept = by_reference(net, X, Y, settings)
    twins = [net.copy() for _ in range(2)]
    history = net.fit(X, Y, batch_size=16, epochs=3, n_threads=1, **settings)
    assert_allclose(history.loss, losses, rtol=1e-6)  # Adam divides by small numbers, signs turn at 0
    if kept is not None and kept.ema is not None:
        assert_allclose(net.ema, kept.ema, rtol=1e-5, atol=1e-6)
    for twin, n_threads in zip(twins, (2, 3)):
        twin.fit(X, Y, batch_size=16, epochs=3, n_threads=n_threads, **settings)
        assert_array_equal(twin.variables, net.variables)
        assert_array_equal(twin.forward(X, n_threads=n_threads), net.forward(X, n_threads=1))


@pytest.mark.parametrize("seed", seeds(30, 10))
def test_random_gradients(seed):
    rng = np.random.default_rng([seed, 8])
    net = cmlp.Network(**random_network(rng))
    for layer in net.layers:
        if layer.b is not None:
            layer.b[:] = rng.normal(size=len(layer.b))  # with b = 0, what dropout zeroes may lie on several kinks at once
    X = rng.normal(size=(9, net.sizes[0]))
    Y = targets_for(net.loss, rng, 9, net.sizes[-1])
    check = cmlp.inspection.check_gradients(net, X, Y, most=20)
    assert check.ok, check
