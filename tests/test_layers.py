"""Learned slopes, normalization, dropout, noise, residual connections: against the reference, differences, any threads."""

import re

import numpy as np
import pytest
from common import DTYPES, HYPER, flat, reference_fit, targets_for, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import BatchNorm, LayerNorm, inspection, reference

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


# --- one pass -------------------------------------------------------------------------------------------------
@pytest.mark.instruction_sets
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("training", [True, False], ids=["training", "prediction"])
@every
def test_a_pass_equals_the_reference(name, training, dtype, rng):
    net = stir(network(name, dtype), rng)
    X, Y = problem(rng, 41, dtype)
    draw = next_draw(net) if training else None
    X64 = reference.disturb(X.astype("float64"), draw, net._architecture.input_noise, net._architecture.input_dropout) \
        if training else X.astype("float64")  # fmt: skip
    expected, gradients = reference.gradient(net.layers, X64, Y, net.loss, draw=draw, training=training)
    cost, dtheta = net.gradient(X, Y, training=training)
    assert_allclose(cost, expected, **tolerance(dtype, 20))
    assert_allclose(dtheta, flat(gradients), **tolerance(dtype, 50))
    assert_allclose(net.cost(X, Y, training=training), expected, **tolerance(dtype, 20))
    if not training:
        assert_allclose(net.forward(X), reference.forward(net.layers, X64)[-1].A, **tolerance(dtype, 20))


@pytest.mark.parametrize(
    "training", [pytest.param(True, id="training"), pytest.param(False, id="prediction", marks=pytest.mark.slow)]
)
@every
def test_gradients_equal_differences(name, training, rng):
    net = stir(network(name), rng)
    X, Y = problem(rng, 9)
    check = inspection.check_gradients(net, X, Y, training=training)
    assert check.ok, check
    assert [block.name for block in check.blocks] == list(net.tables[1]["name"])


@every
def test_the_trace_equals_the_reference(name, rng):
    net = stir(network(name), rng)
    X, Y = problem(rng, 7)
    before = net.variables.copy()
    trace, draw = net.trace(X, Y), next_draw(net)
    X = reference.disturb(X, draw, net._architecture.input_noise, net._architecture.input_dropout)
    assert_allclose(trace.X, X, rtol=1e-12)
    rate = net._architecture.input_dropout
    assert (trace.X_mask is None) == (rate == 0)
    if rate:
        assert_allclose(trace["X_mask"], reference.dropout_mask(draw, 0, X.shape, rate), rtol=1e-12)
        assert trace.names()[0] == "X_mask"
        assert "X_mask" in str(trace)
    values = reference.forward(net.layers, X, draw, True)
    _, dZ = reference.loss_gradient(net.loss, values[-1].Z, Y, None, 1 / 7)
    deltas = reference.backward(net.layers, values, dZ)
    gradients = reference.accumulate(net.layers, X, values, deltas)
    for layer, traced, value, delta, d in zip(net.layers, trace.layers, values, deltas, gradients, strict=True):
        for key in ("Z", "hat", "N", "A", "mask", "out"):
            if getattr(traced, key) is not None:
                assert_allclose(getattr(traced, key), getattr(value, key), rtol=1e-9, atol=1e-12)
        for key in ("dout", "dN", "dZ"):
            if getattr(traced, key) is not None:
                assert_allclose(getattr(traced, key), getattr(delta, key), rtol=1e-9, atol=1e-12)
        for key, expected in zip(("dW", "db", "dscale", "dshift", "dslope", "dP"), d, strict=True):
            assert (getattr(traced, key) is None) == (expected is None)
            if expected is not None:
                assert_allclose(getattr(traced, key), expected, rtol=1e-9, atol=1e-12)
        assert (traced.mask is None) == (layer.dropout == 0)
        assert (traced.hat is None) == (layer.norm is None)
        assert set(layer.parameters()) <= set(traced.arrays())
    assert_array_equal(net.variables, before)


def test_the_trace_of_a_prediction_has_no_masks(rng):
    net = network("all")
    X, Y = problem(rng, 7)
    trace = net.trace(X, Y, training=False)
    assert_array_equal(trace.X, X)
    assert_allclose(trace["A4"], net.forward(X), rtol=1e-12)
    assert all(layer.mask is None for layer in trace.layers)


def test_the_trace_shows_the_masks_of_the_next_step(rng):
    net = cmlp.Network([5, 16, 3], dropout=0.5, dtype="float64")
    X, Y = problem(rng, 9)
    for _ in range(3):
        expected, _ = net.gradient(X, Y, training=True)
        assert net.trace(X, Y).cost == expected
        masks = net.trace(X, Y)["mask0"]
        assert net.step(X, Y) == expected
        assert (net.trace(X, Y)["mask0"] != masks).any()


# --- whole trainings ------------------------------------------------------------------------------------------
def assert_equal_trainings(net, history, expected, dtype):
    layers, losses, changes = expected
    assert_allclose(history.loss, losses, **tolerance(dtype, 200))
    assert_allclose(history.largest_change, changes, **tolerance(dtype, 2000))
    for own, theirs in zip(net.layers, layers, strict=True):
        assert set(own.parameters()) == set(theirs.parameters())
        pairs = [(block, theirs.parameters()[key]) for key, block in own.parameters().items()]
        for block, expected_block in [*pairs, (own.mean, theirs.mean), (own.variance, theirs.variance)]:
            if block is not None:
                assert_allclose(block, expected_block, **tolerance(dtype, 5000))


@pytest.mark.instruction_sets
@pytest.mark.parametrize(("optimizer", "dtype"), [("sgd", "float64"), ("adam", "float32")])
@every
def test_training_equals_the_reference(name, optimizer, dtype, rng):
    """The last batch of each epoch holds one sample."""
    net = network(name, dtype)
    X, Y = problem(rng, 41, dtype)
    expected = reference_fit(net, X, Y, HYPER[optimizer], batch_size=10, epochs=3)
    history = net.fit(X, Y, optimizer=HYPER[optimizer], batch_size=10, epochs=3)
    assert_equal_trainings(net, history, expected, dtype)


@every
def test_accumulated_batches(name, rng):
    """Each normalised by itself; a last one of one sample by the running statistics."""
    net = network(name)
    X, Y = problem(rng, 41)
    expected = reference_fit(net, X, Y, HYPER["adam"], batch_size=8, accumulated=3, epochs=3)
    history = net.fit(X, Y, optimizer=HYPER["adam"], batch_size=8, gradient_accumulation_steps=3, epochs=3)
    assert_equal_trainings(net, history, expected, "float64")


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([5, 20, 20, 20, 20, 3], id="narrow"),
        pytest.param([70, 300, 300, 260, 140, 3], id="wide", marks=pytest.mark.slow),
    ],
)
@every
def test_bits_do_not_depend_on_threads(name, sizes, rng, monkeypatch):
    monkeypatch.setattr(cmlp.runtime.threads, "WORK_PER_THREAD", 1)
    X, Y = problem(rng, 300, "float32", sizes)
    results = []
    for n_threads in (1, 2, 3, 8):
        net = network(name, "float32", sizes)
        history = net.fit(X, Y, batch_size=128, epochs=2, n_threads=n_threads)
        _, dtheta = net.gradient(X, Y, training=True, n_threads=n_threads)
        cost = net.cost(X, Y, training=True, n_threads=n_threads)
        passes = net.forward(X, passes=2, n_threads=n_threads)
        results.append((net.variables.copy(), dtheta, net.forward(X, n_threads=n_threads), passes, cost, history.loss))
    for result in results[1:]:
        for array, first in zip(result, results[0], strict=True):
            assert_array_equal(array, first)


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


# --- looking inside -------------------------------------------------------------------------------------------
@every
def test_hidden_activations_and_input_gradients(name, rng):
    net = stir(network(name, loss="squared_error"), rng)
    X, _ = problem(rng, 1500 if name == "all" else 6)
    values = reference.forward(net.layers, X)
    for l in range(5):
        assert_allclose(inspection.activations(net, X, l), values[l].A, rtol=1e-9, atol=1e-12)
    X, h, direction = X[:6], 1e-6, rng.normal(size=(6, 5))
    there, back = (net.forward(X + step * direction)[:, 2] for step in (h, -h))
    dX = inspection.input_gradient(net, X, 2)
    assert_allclose((dX * direction).sum(axis=1), (there - back) / (2 * h), rtol=1e-5, atol=1e-8)


def test_the_summary_names_what_a_layer_does():
    text = network("all").summary()
    assert re.search(r"batch.*prelu.*0\.2.*X . P", text)
    assert re.search(r"layer.*tanh.*X . P", text)
    assert re.search(r"dropout 0\.1.*noise 0\.1", text)
    assert re.search(r"6 -> 6.*prelu.*BatchNorm\(eps=1e-05, momentum=0\.1\).*0\.1.*layer 2", repr(network("all").layers[3]))
