"""Losses that are Python functions."""

import numpy as np
import pytest
from common import DTYPES, flat, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection, reference
from cmlp.losses import Custom


def squared(Z, Y):
    return 0.5 * ((Z - Y) ** 2).sum(axis=1), Z - Y


def mean_squared(Z, Y):
    """The same as one number for the batch."""
    losses, dZ = squared(Z, Y)
    return losses.mean(), dZ / len(Z)


def softmax(Z, Y):
    log_p = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    return -(Y * log_p).sum(axis=1), np.exp(log_p) - Y


def concordance(Z, Y):
    """1 - Lin's concordance, over the batch: no sum over samples."""
    z, y, n = Z[:, 0], Y[:, 0], len(Z)
    dz, dy = z - z.mean(), y - y.mean()
    covariance, gap = 2 * (dz @ dy) / n, (dz @ dz + dy @ dy) / n + (z.mean() - y.mean()) ** 2
    slope = (2 * dy * gap - covariance * (2 * dz + 2 * (z.mean() - y.mean()))) / (n * gap**2)
    return 1 - covariance / gap, -slope[:, None]


def network(loss, sizes=(4, 7, 3), dtype="float64", **more):
    return cmlp.Network(list(sizes), "tanh", loss, dtype=dtype, **more)


def problem(rng, n=50, dtype="float64", n_targets=3):
    return rng.normal(size=(n, 4)).astype(dtype), rng.normal(size=(n, n_targets)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "sizes", [pytest.param((4, 7, 3), id="small"), pytest.param((4, 300, 300, 3), id="large", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_it_trains_as_the_compiled_one(sizes, weighted, dtype, rng):
    X, Y = problem(rng, 300, dtype)
    weight = rng.uniform(0.2, 2, 300) if weighted else None
    own, compiled = network(squared, sizes, dtype), network("squared_error", sizes, dtype)
    assert_array_equal(own.theta, compiled.theta)
    settings = {"sample_weight": weight, "batch_size": 64, "epochs": 3, "validation_data": (X, Y)}
    history, expected = own.fit(X, Y, **settings), compiled.fit(X, Y, **settings)
    assert_allclose(history.loss, expected.loss, **tolerance(dtype, 100))
    assert_allclose(history.val_loss, expected.val_loss, **tolerance(dtype, 100))
    assert_allclose(history.val_score, expected.val_score, **tolerance(dtype, 1000))
    assert_allclose(own.theta, compiled.theta, **tolerance(dtype, 1000))
    assert_allclose(own.predict(X), compiled.predict(X), **tolerance(dtype, 1000))


def test_one_number_for_the_batch(rng):
    X, Y = problem(rng)
    each, batch = network(squared), network(mean_squared)
    each.fit(X, Y, batch_size=16, epochs=3)
    history = batch.fit(X, Y, batch_size=16, epochs=3)
    assert_allclose(batch.theta, each.theta, rtol=1e-11)
    assert_allclose(history.loss, each.history.loss, rtol=1e-12)
    with pytest.raises(ValueError, match="weight"):
        batch.fit(X, Y, sample_weight=np.arange(50))


def test_it_equals_the_reference_with_everything_else(rng):
    X, Y = problem(rng)
    net = cmlp.Network([4, 6, 6, 3], "prelu", squared, norm="batch", dropout=0.2, residual=1, dtype="float64")
    expected, gradients = reference.gradient(net.layers, X, Y, squared, draw=reference.Draw(net.shuffle_seed, 1), training=True)
    cost, dtheta = net.gradient(X, Y, training=True)
    assert_allclose(cost, expected)
    assert_allclose(dtheta, flat(gradients), rtol=1e-10, atol=1e-14)
    layers = reference_fit_of(net, X, Y)
    net.fit(X, Y, optimizer=cmlp.SGD(0.1), batch_size=16, epochs=2)
    assert_allclose(net.layers[1].W, layers[1].W, rtol=1e-10)


def reference_fit_of(net, X, Y):
    settings = {"loss": squared, "optimizer": "sgd", "hyper": {"learning_rate": 0.1}, "seed": net.shuffle_seed}
    return reference.fit(net.layers, X, Y, batch_size=16, epochs=2, **settings)[0]


@pytest.mark.parametrize("loss", [squared, mean_squared])
def test_its_gradient_is_checked(loss, rng):
    X, Y = problem(rng, 9)
    assert inspection.check_gradients(network(loss), X, Y).ok

    def wrong(Z, Y):
        losses, dZ = loss(Z, Y)
        return losses, 1.01 * dZ

    check = inspection.check_gradients(network(wrong), X, Y)
    assert not check.ok


def test_samples_may_depend_on_each_other(rng):
    X = rng.normal(size=(200, 4))
    y = X @ [1.0, -1, 0.5, 0] + 0.1 * rng.normal(size=200)
    net = network(concordance, (4, 8, 1))
    assert inspection.check_gradients(net, X[:20], y[:20]).ok
    net.fit(X, y, optimizer=cmlp.Adam(0.01), batch_size=50, epochs=60)
    assert net.score(X, y) > 0.9


def test_classes(rng):
    X = rng.normal(size=(200, 4))
    y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
    several, compiled = network(softmax, (4, 8, 2)), network("cross_entropy", (4, 8, 2))
    settings = {"epochs": 20, "batch_size": 20, "class_weight": "balanced"}
    several.fit(X, y, **settings)
    compiled.fit(X, y, **settings)
    assert_allclose(several.theta, compiled.theta, rtol=1e-9)
    assert_array_equal(several.predict(X), compiled.predict(X))

    def logistic(Z, Y):
        return (np.logaddexp(0, Z) - Y * Z)[:, 0], 1 / (1 + np.exp(-Z)) - Y

    one = network(Custom(logistic, task="classification"), (4, 8, 1), output="sigmoid")
    one.fit(X, y, epochs=40, batch_size=20)
    assert one.score(X, y) > 0.95
    assert set(one.predict(X)) == {"no", "yes"}
    assert (np.abs(one.forward(X) - 0.5) <= 0.5).all()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_bits_do_not_depend_on_threads(n_threads, rng, threads_for_any_work):
    X, Y = problem(rng, 300)
    one, other = network(squared, (4, 200, 200, 3)), network(squared, (4, 200, 200, 3))
    one.fit(X, Y, epochs=2, n_threads=1)
    other.fit(X, Y, epochs=2, n_threads=n_threads)
    assert_array_equal(other.theta, one.theta)


def test_large_batches_go_through_in_chunks(rng):
    X, Y = problem(rng, 9000)
    one, two = network(squared), network("squared_error")
    assert_allclose(one.gradient(X, Y)[1], two.gradient(X, Y)[1], rtol=1e-10, atol=1e-13)
    assert_allclose(one.cost(X, Y), two.cost(X, Y), rtol=1e-12)


def test_it_is_asked_once_for_a_batch_however_large(rng):
    X, Y = problem(rng, 9000)
    sizes = []

    def spread(Z, Y):
        sizes.append(len(Z))
        return float(Z.var()), 2 * (Z - Z.mean()) / Z.size

    net = network(spread)
    assert_allclose(net.cost(X, Y), net.forward(X).var())
    net.fit(X, Y, batch_size=None, epochs=1)
    net.fit(X, Y, batch_size=5000, epochs=1, shuffle=False)
    assert sizes == [9000, 9000, 5000, 4000]


def test_two_outputs_for_a_target(rng):
    X, Y = problem(rng, n_targets=1)

    def both(Z, Y):
        return (((Y - Z[:, :1]) ** 2 + Z[:, 1:] ** 2) / 2)[:, 0], np.hstack([Z[:, :1] - Y, Z[:, 1:]])

    net = network(Custom(both, outputs_per_target=2), (4, 8, 2))
    history = net.fit(X, Y, validation_data=(X, Y), epochs=2)
    assert net.predict(X).shape == (50,)
    assert history.val_score[-1] == net.score(X, Y)


def test_lbfgs(rng):
    X, Y = problem(rng)
    net = network(squared)
    history = net.fit(X, Y, optimizer="lbfgs", batch_size=None, epochs=10)
    assert history.loss[-1] < history.loss[0]


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda Z, Y: 1.0, TypeError, r"\(losses, dZ\).*float"),
        (lambda Z, Y: (np.zeros(3), Z), ValueError, r"\(20,\).*\(3,\)"),
        (lambda Z, Y: (np.zeros(len(Z)), Z[:1]), ValueError, r"dZ.*\(20, 3\)"),
        (lambda Z, Y: (np.zeros(len(Z)), Z.astype(str)), ValueError, "dZ"),
        (lambda Z, Y: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_what_it_must_not_return(returned, error, message, n_threads, rng):
    X, Y = problem(rng, 20)
    net = network(returned, (4, 100, 3))
    before = net.theta.copy()
    with pytest.raises(error, match=message):
        net.fit(X, Y, n_threads=n_threads)
    with pytest.raises(error, match=message):
        net.cost(X, Y)
    with pytest.raises(error, match=message):
        net.gradient(X, Y)
    assert_array_equal(net.theta, before)


def test_an_exception_keeps_the_last_step(rng):
    X, Y = problem(rng, 20)
    calls = []

    def failing(Z, Y):
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("the fifth call")
        return squared(Z, Y)

    net, twin = network(failing), network(squared)
    with pytest.raises(RuntimeError, match="the fifth call"):
        net.fit(X, Y, batch_size=10, epochs=10)
    twin.fit(X, Y, batch_size=10, epochs=2)
    assert_array_equal(net.theta, twin.theta)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_loss_that_is_not_finite_is_a_divergence(optimizer, rng):
    X, Y = problem(rng, 20)
    for wrong in (lambda Z, Y: (np.full(len(Z), np.nan), Z), lambda Z, Y: (np.zeros(len(Z)), Z * np.nan)):
        with pytest.raises(cmlp.DivergenceError):
            network(wrong).fit(X, Y, optimizer=optimizer, batch_size=None)


def test_ctrl_c_inside_it(rng):
    def interrupted(Z, Y):
        raise KeyboardInterrupt

    net = network(interrupted)
    with pytest.raises(KeyboardInterrupt):
        net.fit(*problem(rng, 20))
    assert net.history.stopped == "interrupted"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Custom(3), "Custom.*function.*3"),
        (lambda: Custom(squared, task=1), "Custom.*task.*1"),
        (lambda: Custom(squared, task="values"), "Custom.*task.*classification.*'values'"),
        (lambda: Custom(squared, outputs_per_target=0), "Custom.*outputs_per_target.*0"),
        (lambda: network(Custom(squared, outputs_per_target=2)), "2.*'custom'.*3"),
    ],
)
def test_what_custom_refuses(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
