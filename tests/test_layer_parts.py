"""Slopes, batch normalization, dropout, residual connections: what each does by itself."""

import numpy as np
import pytest
from common import HYPER, reference_fit, targets_for
from layered import network, problem
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import BatchNorm, inspection, reference


# --- slopes ---------------------------------------------------------------------------------------------------
def test_slopes_begin_where_they_are_told_to():
    net = cmlp.Network([3, 4, 4, 2], activation=[cmlp.activations.PReLU(0.1), "prelu"])
    assert_allclose(net.layers[0].slope, 0.1)
    assert_allclose(net.layers[1].slope, 0.25)


def test_slopes_are_learned(rng):
    X = rng.normal(size=(400, 1))
    net = cmlp.Network([1, 1, 1], cmlp.activations.PReLU(0.9), "squared_error", dtype="float64", init="constant", bias=False)
    net.layers[0].W[:] = net.layers[1].W[:] = 1
    net.fit(X, np.where(X > 0, X, 0.3 * X), optimizer=cmlp.Adam(0.01), epochs=200)
    assert_allclose(net.predict([[-1.0], [1.0]]), [-0.3, 1], atol=0.01)


# --- batch normalization --------------------------------------------------------------------------------------
def test_running_statistics_are_those_of_the_data(rng):
    X, Y = rng.normal(3, 2, (500, 4)), targets_for("cross_entropy", rng, 500, 3)
    net = cmlp.Network([4, 6, 3], norm=BatchNorm(momentum=1.0), dtype="float64")
    net.fit(X, Y, optimizer=cmlp.SGD(0.0), batch_size=None, epochs=1)
    Z = X @ net.layers[0].W
    assert_allclose(net.layers[0].mean, Z.mean(axis=0))
    assert_allclose(net.layers[0].variance, Z.var(axis=0, ddof=1))


def test_a_normalised_layer_has_no_bias():
    net = cmlp.Network([4, 6, 5, 3], norm=["batch", "layer"])
    assert [layer.b is None for layer in net.layers] == [True, False, False]
    assert list(net.tables[1]["name"]) == [
        *("W0", "scale0", "shift0", "W1", "b1", "scale1", "shift1", "W2", "b2"),
    ]
    assert (net.layers[0].scale == 1).all()
    assert (net.layers[0].shift == 0).all()


def test_a_last_sample_alone_does_not_move_the_running_statistics(rng):
    X, Y = problem(rng, 9)
    one, two = (cmlp.Network([5, 4, 3], norm="batch", dtype="float64") for _ in range(2))
    one.fit(X, Y, optimizer=cmlp.SGD(0.0), batch_size=8, epochs=1, shuffle=False)
    two.fit(X[:8], Y[:8], optimizer=cmlp.SGD(0.0), batch_size=8, epochs=1, shuffle=False)
    assert_array_equal(one.layers[0].mean, two.layers[0].mean)
    assert_array_equal(one.layers[0].variance, two.layers[0].variance)


def test_gradients_and_traces_do_not_move_the_running_statistics(rng):
    X, Y = problem(rng, 9)
    net = network("all")
    before = net.variables.copy()
    net.gradient(X, Y, training=True)
    net.cost(X, Y, training=True)
    net.trace(X, Y)
    inspection.diagnose(net, X, Y)
    assert_array_equal(net.variables, before)


def test_a_divergence_goes_back_with_the_running_statistics(rng):
    X, Y = problem(rng, 40)
    X[32:] *= 1e160
    net = cmlp.Network([5, 4, 3], norm="batch", dtype="float64")
    with pytest.raises(cmlp.DivergenceError):
        net.fit(X, Y, optimizer=cmlp.SGD(1e200), batch_size=8, epochs=3, shuffle=False)
    assert np.isfinite(net.variables).all()
    assert net.layers[0].mean.any()


def test_the_running_mean_has_the_running_statistics_in_it(rng):
    X, Y = problem(rng, 40)
    net = cmlp.Network([5, 4, 3], norm="batch", dtype="float64")
    start = net.variables.copy()
    net.fit(X, Y, batch_size=None, epochs=1, ema_decay=0.75)
    assert_allclose(net.ema, 0.75 * start + 0.25 * net.variables)
    assert_allclose(net.ema_network().layers[0].mean, net.ema[net.n_params : net.n_params + 4])


def test_whole_batches_larger_than_a_work_space(rng):
    """Batch normalization needs all 5,000 rows at once; without it they go through in chunks."""
    X, Y = problem(rng, 5000)
    for name in ("batch norm", "dropout"):
        net = network(name)
        expected = reference_fit(net, X, Y, HYPER["sgd"], batch_size=5000, epochs=1)
        history = net.fit(X, Y, optimizer=HYPER["sgd"], batch_size=None, epochs=1)
        assert_allclose(history.loss, expected[1], rtol=1e-12)
        assert_allclose(net.layers[2].W, expected[0][2].W, rtol=1e-9, atol=1e-12)


def test_copies_and_pickles_keep_everything(rng):
    import pickle

    X, Y = problem(rng)
    net = network("all")
    net.fit(X, Y, batch_size=10, epochs=2)
    for twin in (net.copy(), pickle.loads(pickle.dumps(net))):
        assert_array_equal(twin.variables, net.variables)
        assert_array_equal(twin.forward(X), net.forward(X))
        assert twin.fit(X, Y, batch_size=10, epochs=2).loss == net.copy().fit(X, Y, batch_size=10, epochs=2).loss
    assert_allclose(net.astype("float32").forward(X), net.forward(X), rtol=1e-4, atol=1e-5)


# --- dropout --------------------------------------------------------------------------------------------------
def test_passes_with_dropout(rng):
    X, Y = problem(rng, 30)
    net = cmlp.Network([5, 200, 3], dropout=0.5, input_dropout=0.1, input_noise=1.0, norm="batch", dtype="float64")
    net.fit(X, Y, epochs=5, batch_size=10)
    passes = net.forward(X, passes=400)
    assert passes.shape == (400, 30, 3)
    assert (passes.std(axis=0) > 0).all()
    assert np.abs(passes.mean(axis=0) - net.forward(X)).max() < 0.15
    assert_array_equal(passes[:3], net.forward(X, passes=3))
    draw = reference.Draw(net.shuffle_seed, 2, reference.random.SAMPLING)
    disturbed = reference.disturb(X, draw, 0, 0.1)
    assert_allclose(passes[2], reference.forward(net.layers, disturbed, draw)[-1].A, rtol=1e-9)


def test_passes_without_dropout_are_predictions(rng):
    X, _ = problem(rng, 5)
    net = network("batch norm")
    assert_array_equal(net.forward(X, passes=2), [net.forward(X)] * 2)
    with pytest.raises(ValueError, match=r"passes.*0"):
        net.forward(X, passes=0)


@pytest.mark.parametrize("given", ["schedule", "function", "number"])
def test_a_schedule_of_dropout(given, rng):
    X, Y = problem(rng, 40)
    rates = np.linspace(0.6, 0, 8) if given != "number" else np.full(8, 0.2)
    dropout = {
        "schedule": cmlp.schedules.Linear(0.6, 0.0, epochs=7 / 4),
        "function": lambda step: float(rates[step]),
        "number": 0.2,
    }[given]
    net = cmlp.Network([5, 16, 16, 3], dropout=[0.5, 0.0], dtype="float64")
    hyper = {"learning_rate": 0.1, "dropout": rates}
    layers, losses, _ = reference.fit(
        net.layers, X, Y, loss=net.loss, optimizer="sgd", hyper=hyper, batch_size=10, epochs=2, seed=net.shuffle_seed
    )
    history = net.fit(X, Y, optimizer=cmlp.SGD(0.1), batch_size=10, epochs=2, dropout=dropout)
    assert_allclose(history.loss, losses, rtol=1e-12)
    assert_allclose(net.layers[0].W, layers[0].W, rtol=1e-10)


@pytest.mark.parametrize("owner", ["regularization", "optimizer"])
def test_a_schedule_of_decay(owner, rng):
    X, Y = problem(rng, 40)
    decays = 0.5 / (1 + np.arange(8))
    net = cmlp.Network([5, 6, 3], dtype="float64")
    schedule = {"weight_decay": lambda step: float(decays[step])}
    rules = cmlp.regularization.resolve(net.tables[1], regularization=cmlp.Regularization(**schedule))
    optimizer = cmlp.AdamW(0.01, **schedule) if owner == "optimizer" else cmlp.Adam(0.01)
    hyper = {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "decay": decays}
    layers, losses, _ = reference.fit(
        net.layers, X, Y, loss=net.loss, optimizer="adam", hyper=hyper, batch_size=10, epochs=2, seed=net.shuffle_seed,
        rules=rules,
    )  # fmt: skip
    penalty = cmlp.Regularization(**schedule) if owner == "regularization" else None
    history = net.fit(X, Y, optimizer=optimizer, batch_size=10, epochs=2, regularization=penalty)
    assert_allclose(history.loss, losses, rtol=1e-10)
    assert_allclose(net.layers[0].W, layers[0].W, rtol=1e-9)


def test_penalties_of_norms_and_slopes(rng):
    params = cmlp.Network([3, 4, 4, 2], ["prelu", "relu"], norm="layer").tables[1]
    penalty = cmlp.Regularization(l2=1.0, norms=True, slopes=True, layers=[0])
    rows = cmlp.regularization.table(params, penalty, {"scale*": 0.5}, 0.0)
    held = [str(name) for name, row in zip(params["name"], rows) if row[2]]
    assert held == ["W0", "scale0", "shift0", "slope0"]
    assert [str(name) for name, row in zip(params["name"], rows) if row[0] == 0.5] == ["scale0", "scale1"]


# --- residual connections -------------------------------------------------------------------------------------
def test_where_blocks_begin_and_end():
    def sources(residual, n_hidden=6):
        net = cmlp.Network([4, *[5] * n_hidden, 2], residual=residual)
        return [layer.source for layer in net.layers]

    assert sources(0) == [None] * 7
    assert sources(1) == [None, 0, 1, 2, 3, 4, None]
    assert sources(2) == [None, None, 0, None, 2, None, None]
    assert sources([1, 0, 3, 2, 0, 1]) == [-1, None, -1, 1, None, 4, None]


def test_projections_stand_where_widths_differ():
    net = cmlp.Network([4, 5, 5, 6, 6, 2], residual=[1, 1, 1, 1])
    shapes = [None if layer.P is None else layer.P.shape for layer in net.layers]
    assert shapes == [(4, 5), None, (5, 6), None, None]


def test_an_identity_passes_through_layers_of_zeros(rng):
    X, _ = problem(rng, 6)
    net = cmlp.Network([5, 5, 5, 5, 3], "tanh", residual=[1, 1, 1], dtype="float64")
    for layer in net.layers[:3]:
        layer.W[:] = 0
    assert_allclose(net.trace(X, np.zeros(6, int))["out2"], X)
