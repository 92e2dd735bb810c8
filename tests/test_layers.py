"""Learned slopes, normalization, dropout, noise, residual connections: against the reference, differences, any threads."""

import re

import pytest
from common import DTYPES, HYPER, flat, reference_fit, tolerance
from layered import every, network, next_draw, problem, stir
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection, reference


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
def test_bits_do_not_depend_on_threads(name, sizes, rng, threads_for_any_work):
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
