"""Penalties, clipping, rates of blocks, running means, accumulation: against the reference, and on any threads."""

import numpy as np
import pytest
from common import HYPER, numbers_of, reference_fit, take_all_threads, targets_for, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import Regularization, reference, regularization
from cmlp.runtime import registry

SETTINGS = {
    "l1": {"regularization": Regularization(l1=0.01)},
    "l2": {"regularization": Regularization(l2=0.02)},
    "l2 of biases": {"regularization": Regularization(l2=0.05, biases=True)},
    "l2 of a layer": {"regularization": Regularization(l2=0.05, layers=[-1])},
    "weight decay": {"regularization": Regularization(weight_decay=0.1)},
    "max norm": {"regularization": Regularization(max_norm=0.8)},
    "clip value": {"clip_value": 0.01},
    "clip norm": {"clip_norm": 0.1},
    "clip by block": {"clip_norm": 0.05, "clip_by_block": True},
    "lr_multipliers": {"lr_multipliers": {"b*": 2.0, "W0": 0.1, "W1": 0.0}},
    "ema_decay": {"ema_decay": 0.9},
    "gradient_accumulation_steps": {"gradient_accumulation_steps": 3},
    "all": {
        "regularization": Regularization(l1=1e-3, l2=0.01, weight_decay=0.01, max_norm=1.0, biases=True),
        "clip_norm": 0.2,
        "lr_multipliers": {"W1": 0.5},
        "ema_decay": 0.8,
        "gradient_accumulation_steps": 2,
    },
}


def problem(rng, dtype="float64", n_samples=70, sizes=(5, 7, 6, 3)):
    return rng.normal(size=(n_samples, sizes[0])).astype(dtype), targets_for("cross_entropy", rng, n_samples, sizes[-1], dtype)


def as_rules(net, settings):
    known = {name: value for name, value in settings.items() if name != "gradient_accumulation_steps"}
    ema = net.theta.astype("float64") if "ema_decay" in settings else None
    return regularization.resolve(net.tables[1], **known, ema=ema)


@pytest.mark.instruction_sets
@pytest.mark.parametrize(("optimizer", "dtype"), [("sgd", "float64"), ("adam", "float32")])
@pytest.mark.parametrize("name", SETTINGS)
def test_training_equals_the_reference(name, optimizer, dtype, rng):
    settings, batch_size = SETTINGS[name], 16
    net = cmlp.Network([5, 7, 6, 3], "tanh", dtype=dtype)
    X, Y = problem(rng, dtype)
    expected_rules = as_rules(net, settings)
    layers, losses, changes = reference.fit(
        net.layers,
        X.astype("float64"),
        Y.astype("float64"),
        loss=net.loss,
        loss_values=net.loss_function.values,
        optimizer=optimizer,
        hyper=dict(zip(registry.optimizers[optimizer].hyper, numbers_of(HYPER[optimizer]))),
        batch_size=batch_size * settings.get("gradient_accumulation_steps", 1),
        epochs=6,
        seed=net.shuffle_seed,
        rules=expected_rules,
    )
    history = net.fit(X, Y, optimizer=HYPER[optimizer], batch_size=batch_size, epochs=6, **settings)
    assert_allclose(history.loss, losses, **tolerance(dtype, 50))
    assert_allclose(history.largest_change, changes, **tolerance(dtype, 200))
    for own, theirs in zip(net.layers, layers):
        assert_allclose(own.W, theirs.W, **tolerance(dtype, 500))
        assert_allclose(own.b, theirs.b, **tolerance(dtype, 500))
    if "ema_decay" in settings:
        assert_allclose(net.ema_network().theta, expected_rules.ema, **tolerance(dtype, 500))


@pytest.mark.parametrize(
    "sizes", [pytest.param([5, 7, 3], id="by rows"), pytest.param([90, 700, 130, 3], id="by layer", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", SETTINGS)
def test_bits_do_not_depend_on_threads(name, sizes, rng, monkeypatch):
    take_all_threads(monkeypatch)
    X, Y = problem(rng, "float32", 300, sizes)
    thetas = []
    for n_threads in (1, 2, 3, 8):
        net = cmlp.Network(sizes)
        net.fit(X, Y, batch_size=64, epochs=2, n_threads=n_threads, **SETTINGS[name])
        thetas.append((net.theta.copy(), None if net.ema is None else net.ema.copy()))
    for theta, mean in thetas[1:]:
        assert_array_equal(theta, thetas[0][0])
        assert mean is None or (mean == thetas[0][1]).all()


@pytest.mark.instruction_sets
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["l2 of biases", "clip by block", "max norm"])
def test_layers_wider_than_a_tile_equal_the_reference(name, dtype, rng):
    """From 513 units on, a tile of the gradient is not all columns of its rows."""
    net = cmlp.Network([9, 530, 3], "tanh", dtype=dtype, bias_init="normal")
    X, Y = problem(rng, dtype, 40, net.sizes)
    layers, losses, changes = reference_fit(
        net, X, Y, cmlp.Momentum(0.1), batch_size=16, epochs=2, rules=as_rules(net, SETTINGS[name])
    )
    history = net.fit(X, Y, optimizer=cmlp.Momentum(0.1), batch_size=16, epochs=2, **SETTINGS[name])
    assert_allclose(history.loss, losses, **tolerance(dtype, 50))
    assert_allclose(history.largest_change, changes, **tolerance(dtype, 200))
    for own, theirs in zip(net.layers, layers):
        assert_allclose(own.W, theirs.W, **tolerance(dtype, 500))
        assert_allclose(own.b, theirs.b, **tolerance(dtype, 500))


def test_accumulated_batches_are_one_large_batch(rng):
    X, Y = problem(rng)
    large, small = (cmlp.Network([5, 7, 3], dtype="float64") for _ in range(2))
    large.fit(X, Y, batch_size=30, epochs=3)
    small.fit(X, Y, batch_size=10, gradient_accumulation_steps=3, epochs=3)
    assert_allclose(small.theta, large.theta, rtol=1e-12)


def test_adamw_is_adam_with_decay(rng):
    X, Y = problem(rng)
    one, two, three = (cmlp.Network([5, 7, 3], dtype="float64") for _ in range(3))
    one.fit(X, Y, optimizer=cmlp.AdamW(0.01, weight_decay=0.1))
    two.fit(X, Y, optimizer=cmlp.Adam(0.01), regularization=Regularization(weight_decay=0.1))
    three.fit(X, Y, optimizer="adamw")
    assert_array_equal(one.theta, two.theta)
    assert np.linalg.norm(one.theta) < np.linalg.norm(three.theta)


def test_columns_are_not_longer_than_the_greatest_norm(rng):
    X, Y = problem(rng)
    net = cmlp.Network([5, 7, 3])
    net.fit(X, Y, optimizer=cmlp.Adam(0.1), epochs=20, regularization=Regularization(max_norm=0.5, layers=[0]))
    norms = [np.linalg.norm(layer.W, axis=0).max() for layer in net.layers]
    assert norms[0] <= 0.5 * (1 + 1e-6)
    assert norms[1] > 0.5


def test_a_running_mean_goes_on_in_the_next_fit(rng):
    X, Y = problem(rng)
    once, twice = (cmlp.Network([5, 7, 3], dtype="float64") for _ in range(2))
    once.fit(X, Y, epochs=4, ema_decay=0.9)
    twice.fit(X, Y, epochs=1, ema_decay=0.9)
    twice.fit(X, Y, epochs=3, ema_decay=0.9)
    assert_array_equal(once.ema, twice.ema)
    assert_array_equal(once.copy().ema_network().theta, once.ema)
    assert once.reset().ema is None


def test_validation_uses_the_running_mean(rng):
    X, Y = problem(rng)
    net = cmlp.Network([5, 7, 3], dtype="float64")
    history = net.fit(X, Y, epochs=3, ema_decay=0.9, validation_data=(X, Y))
    assert_allclose(history.val_loss[-1], net.ema_network().cost(X, Y))
    assert history.val_loss[-1] != net.cost(X, Y)


def test_the_score_of_validation_is_that_of_the_running_mean(rng):
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)
    net = cmlp.Network([5, 7, 3])
    history = net.fit(X, y, optimizer=cmlp.Adam(0.1), epochs=3, ema_decay=0.9, validation_data=(X, y))
    assert history.val_score[-1] == net.ema_network().score(X, y) != net.score(X, y)


def test_a_copy_in_another_dtype_has_the_running_mean_in_it(rng):
    X, Y = problem(rng)
    net = cmlp.Network([5, 7, 3], dtype="float64")
    net.fit(X, Y, epochs=2, ema_decay=0.9)
    twin = net.astype("float32")
    assert twin.ema.dtype == np.float32
    assert_array_equal(twin.ema, net.ema.astype("float32"))
    twin.fit(X, Y, epochs=1, ema_decay=0.9)


def test_a_divergence_goes_back_with_the_mean(rng):
    X, y = 1e150 * rng.normal(size=(40, 3)), rng.normal(size=40)
    net = cmlp.Network([3, 1], loss="absolute_error", dtype="float64", init="zeros")
    with pytest.raises(cmlp.DivergenceError):
        net.fit(X, y, optimizer=cmlp.SGD(1e155), batch_size=4, epochs=3, ema_decay=0.5)
    assert np.isfinite(net.theta).all()
    assert np.isfinite(net.ema).all()


def test_plain_updates_have_no_rules():
    params = cmlp.Network([2, 1], loss="log_loss").tables[1]
    assert regularization.resolve(params, regularization=Regularization(), lr_multipliers={"b0": 1}) is None


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Regularization(l1=-1), "Regularization.*l1.*-1"),
        (lambda: Regularization(max_norm=0), "Regularization.*max_norm.*0"),
        (lambda: Regularization(biases=1), "Regularization.*biases.*1"),
        (lambda: cmlp.AdamW(weight_decay=-1), "AdamW.*weight_decay.*-1"),
    ],
)
def test_what_rules_refuse(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regularization": 0.1}, "regularization.*0.1"),
        ({"clip_norm": 1, "clip_value": 1}, "clip_norm=1.*clip_value=1"),
        ({"clip_norm": -1}, "clip_norm.*-1"),
        ({"clip_value": 0}, "clip_value.*0"),
        ({"clip_value": 1, "clip_by_block": True}, "clip_by_block=True.*clip_norm"),
        ({"clip_norm": 1, "clip_by_block": 1}, "clip_by_block.*1"),
        ({"lr_multipliers": {"V0": 1}}, "lr_multipliers.*'V0'.*W0, b0"),
        ({"lr_multipliers": [1]}, r"lr_multipliers.*\[1\]"),
        ({"regularization": Regularization(l2=1, layers=0)}, "Regularization.*layers.*0"),
        ({"lr_multipliers": {"W0": -1}}, "lr_multipliers.*'W0'.*-1"),
        ({"regularization": Regularization(layers=[3])}, "Regularization.*layers.*3"),
        ({"ema_decay": 1.0}, "ema_decay.*1.0"),
        ({"ema_decay": 0.0}, "ema_decay"),
        ({"gradient_accumulation_steps": 0}, "gradient_accumulation_steps.*0"),
    ],
)
def test_what_fit_refuses(settings, message, rng):
    net = cmlp.Network([2, 1], loss="log_loss")
    before = net.theta.copy()
    with pytest.raises((TypeError, ValueError), match=message):
        net.fit(rng.normal(size=(4, 2)), [0, 1, 0, 1], **settings)
    assert_array_equal(net.theta, before)


def test_no_mean_no_averaged_network():
    with pytest.raises(ValueError, match="ema_decay="):
        cmlp.Network([2, 1], loss="log_loss").ema_network()
