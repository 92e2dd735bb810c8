"""L-BFGS through scipy, and weights of classes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from threadpoolctl import threadpool_info

import cmlp
from cmlp import LBFGS, Regularization


def test_it_is_scipys_on_the_flat_buffer(rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    net = cmlp.Network([4, 5, 3], "tanh", dtype="float64")
    twin = net.copy()

    def cost(theta):
        twin.theta[:] = theta
        value, gradient = twin.gradient(X, y)
        return value + 0.005 * theta @ theta, gradient + 0.01 * theta

    expected = minimize(cost, net.theta.copy(), jac=True, method="L-BFGS-B", options={"maxiter": 30, "ftol": 0})
    history = net.fit(
        X, y, optimizer="lbfgs", batch_size=None, epochs=30, regularization=Regularization(l2=0.01, biases=True), n_threads=1
    )
    assert_allclose(net.theta, expected.x, rtol=1e-6, atol=1e-8)
    assert_allclose(history.loss[-1], expected.fun)
    assert len(history) == expected.nit == 30
    assert history.stopped == "epochs"
    assert sorted(history.loss, reverse=True) == history.loss


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_regression_is_solved(dtype, rng):
    X = rng.normal(size=(200, 5))
    y = X @ [1, 2, 3, 4, 5] + 6
    net = cmlp.Network([5, 1], loss="squared_error", dtype=dtype)
    history = net.fit(X, y, optimizer=LBFGS(), batch_size=None, epochs=100)
    assert history.stopped == "converged"
    assert_allclose(net.layers[0].W[:, 0], [1, 2, 3, 4, 5], rtol=1e-4)


def test_the_same_bits_at_any_number_of_threads(rng):
    X, y = rng.normal(size=(5000, 20)), rng.integers(0, 3, 5000)
    thetas = []
    for n_threads in (1, 2, 3):
        net = cmlp.Network([20, 30, 3])
        net.fit(X, y, optimizer="lbfgs", batch_size=None, epochs=5, n_threads=n_threads)
        thetas.append(net.theta.copy())
    assert_array_equal(thetas[0], thetas[1])
    assert_array_equal(thetas[0], thetas[2])


def test_blas_has_one_thread_meanwhile(rng):
    """Else OpenBLAS's threads, which scipy's products wake, wait for ours, and ours for them."""
    seen = []

    class Look(cmlp.callbacks.Callback):
        def on_epoch_end(self, training):
            seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")

    before = threadpool_info()
    X, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    cmlp.Network([4, 5, 3]).fit(X, y, optimizer="lbfgs", batch_size=None, epochs=3, callbacks=[Look()])
    assert set(seen) == {1}
    assert threadpool_info() == before


def test_stopping_and_the_best_epoch(rng):
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    other = rng.normal(size=(40, 5)), rng.integers(0, 2, 40)
    net, seen = cmlp.Network([5, 30, 1], loss="log_loss"), []
    history = net.fit(
        X, y, optimizer="lbfgs", batch_size=None, epochs=100, validation_data=other,
        stopping=cmlp.Stopping(patience=5), verbose=lambda history, epochs: seen.append(len(history)),
    )  # fmt: skip
    assert history.stopped == "patience"
    assert history.best_epoch == len(history) - 5
    assert_allclose(net.cost(*other), min(history.val_loss), rtol=1e-5)
    assert seen == list(range(1, len(history) + 1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 2}, "batch_size.*'auto' or None.*LBFGS.*2.*4"),
        ({"batch_size": None, "clip_norm": 1}, "LBFGS.*clip_norm"),
        ({"batch_size": None, "lr_multipliers": {"W0": 2}}, "LBFGS.*lr_multipliers"),
        ({"batch_size": None, "ema_decay": 0.9}, "LBFGS.*ema_decay"),
        ({"batch_size": None, "regularization": Regularization(l1=1)}, "LBFGS.*l2"),
        ({"batch_size": None, "regularization": Regularization(max_norm=1)}, "LBFGS.*l2"),
    ],
)
def test_what_it_refuses(settings, message, rng):
    net = cmlp.Network([2, 1], loss="log_loss")
    with pytest.raises((TypeError, ValueError), match=message):
        net.fit(rng.normal(size=(4, 2)), [0, 1, 0, 1], optimizer="lbfgs", **settings)
    with pytest.raises(ValueError, match=r"LBFGS.*history_size.*0"):
        LBFGS(history_size=0)


@pytest.mark.parametrize("optimizer", ["lbfgs", LBFGS(history_size=3), "rprop", cmlp.Rprop(0.001)])
def test_the_default_batch_size_is_the_full_batch(optimizer, rng):
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    one, two = (cmlp.Network([3, 4, 1], "tanh", "log_loss") for _ in range(2))
    one.fit(X, y, optimizer=optimizer, epochs=5)
    two.fit(X, y, optimizer=optimizer, epochs=5, batch_size=None)
    assert_array_equal(one.theta, two.theta)
    with pytest.raises(ValueError, match=r"batch_size must be 'auto' or None.*128 of 300"):
        one.fit(X, y, optimizer=optimizer, batch_size=128)


def test_the_default_batch_size_of_an_estimator_is_the_full_batch(rng):
    pytest.importorskip("sklearn")
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    settings = {"max_iter": 20, "tol": 1.0, "n_iter_no_change": 3, "random_state": 0}
    for solver in ("rprop", cmlp.Rprop(0.001)):
        one = cmlp.MLPClassifier((4,), solver=solver, **settings).fit(X, y)
        two = cmlp.MLPClassifier((4,), solver=solver, batch_size=None, **settings).fit(X, y)
        assert one.loss_curve_ == two.loss_curve_
        with pytest.raises(ValueError, match="batch_size"):
            cmlp.MLPClassifier((4,), solver=solver, batch_size=50, **settings).fit(X, y)


def test_the_default_batch_size_is_128_for_the_others(rng):
    X, y = rng.normal(size=(300, 3)), rng.integers(0, 2, 300)
    nets = [cmlp.Network([3, 4, 1], "tanh", "log_loss") for _ in range(3)]
    for net, given in zip(nets, ({}, {"batch_size": "auto"}, {"batch_size": 128}), strict=True):
        net.fit(X, y, epochs=2, **given)
    assert_array_equal(nets[0].theta, nets[1].theta)
    assert_array_equal(nets[0].theta, nets[2].theta)


def test_an_infinite_first_loss_is_told(rng):
    net = cmlp.Network([2, 1], loss="squared_error")
    before = net.theta.copy()
    with pytest.raises(cmlp.DivergenceError, match="loss"):
        net.fit(1e30 * rng.normal(size=(4, 2)), rng.normal(size=4), optimizer="lbfgs", batch_size=None)
    assert_array_equal(net.theta, before)


# --- weights of classes ---------------------------------------------------------------------------------------
def test_class_weights_are_sample_weights(rng):
    X, y = rng.normal(size=(50, 3)), np.array(["a"] * 40 + ["b"] * 10)
    one, two, three = (cmlp.Network([3, 1], loss="log_loss", dtype="float64") for _ in range(3))
    one.fit(X, y, class_weight="balanced")
    two.fit(X, y, class_weight={"a": 50 / 80, "b": 50 / 20})
    three.fit(X, y, sample_weight=np.where(y == "a", 50 / 80, 50 / 20))
    assert_array_equal(one.theta, two.theta)
    assert_array_equal(one.theta, three.theta)


def test_balanced_classes_of_weighted_samples(rng):
    """All weights of a class together are the same for every class."""
    X, y, weight = rng.normal(size=(50, 3)), np.arange(50) % 5 // 2, rng.uniform(0.5, 2, 50)
    one, two = (cmlp.Network([3, 3], dtype="float64") for _ in range(2))
    one.fit(X, y, sample_weight=weight, class_weight="balanced")
    two.fit(X, y, sample_weight=weight / np.bincount(y, weight)[y])
    assert_allclose(one.theta, two.theta, rtol=1e-10)


def test_class_weights_multiply_sample_weights(rng):
    X, y, weight = rng.normal(size=(50, 3)), rng.integers(0, 3, 50), rng.uniform(0.5, 2, 50)
    one, two = (cmlp.Network([3, 3], dtype="float64") for _ in range(2))
    one.fit(X, y, sample_weight=weight, class_weight={0: 2.0})
    two.fit(X, y, sample_weight=weight * np.where(y == 0, 2.0, 1.0))
    assert_allclose(one.theta, two.theta, rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("even", "class_weight.*'even'"),
        ({7: 1.0}, r"class_weight.*7.*\[0, 1, 2\]"),
        ({0: -1.0}, r"class_weight\[0\].*-1.0"),
    ],
)
def test_class_weights_that_are_refused(given, message, rng):
    with pytest.raises((TypeError, ValueError), match=message):
        cmlp.Network([3, 3]).fit(rng.normal(size=(6, 3)), [0, 1, 2] * 2, class_weight=given)


def test_class_weights_need_classes(rng):
    with pytest.raises(ValueError, match=r"class_weight.*\by\b"):
        cmlp.Network([3, 1], loss="squared_error").fit(rng.normal(size=(6, 3)), rng.normal(size=6), class_weight="balanced")
