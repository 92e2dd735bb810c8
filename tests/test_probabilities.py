"""Probabilities and their logarithms: exact and symmetric however small they are, the same by all predictors."""

import warnings

import numpy as np
import pytest
from common import DTYPES
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax

import cmlp

FAR = np.array([[-700.0], [-60.0], [-1.0], [0.0], [0.5], [25.0], [700.0]])


def shares(Z, Y):
    """Binary cross-entropy of each class by itself."""
    return np.logaddexp(0, Z).sum(axis=1) - (Y * Z).sum(axis=1), 1 / (1 + np.exp(-Z)) - Y


def passing_on(n_outputs, dtype, **settings):
    """A network whose logits are X."""
    return cmlp.Network([n_outputs, n_outputs], init=[np.eye(n_outputs)], dtype=dtype, **settings)


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_two_classes_both_are_exact(dtype):
    net = passing_on(1, dtype, loss="log_loss")
    want = np.hstack([log_expit(-FAR), log_expit(FAR)])
    for model in (net, cmlp.Model(net)):
        assert_allclose(model.predict_log_proba(FAR), want, rtol=1e-6, atol=1e-44)
        P = model.predict_proba(FAR)
        assert P.dtype == dtype
        assert_array_equal(model.predict_proba(-FAR), P[:, ::-1])
        assert_allclose(P, np.hstack([expit(-FAR), expit(FAR)]), rtol=1e-5, atol=1e-44 if dtype == "float32" else 0)
        assert_allclose(P.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_several_classes(dtype):
    Z = np.array([[0.0, -50.0, -3.0], [90.0, -900.0, 90.0], [1.0, 2.0, 3.0]])
    net = passing_on(3, dtype, loss="cross_entropy")
    assert_allclose(net.predict_log_proba(Z), log_softmax(Z, axis=1), rtol=1e-6)
    assert_allclose(net.predict_proba(Z), softmax(Z, axis=1), rtol=1e-5, atol=1e-44)
    assert_allclose(net.predict_proba(Z), net.forward(Z), rtol=1e-5, atol=1e-44)


def test_several_labels():
    Z = np.hstack([FAR, -FAR, FAR / 2])
    net = passing_on(3, "float64", loss="log_loss")
    assert_allclose(net.predict_log_proba(Z), log_expit(Z), rtol=1e-14)
    assert_allclose(net.predict_proba(Z), expit(Z), rtol=1e-14)


def test_a_sigmoid_for_each_class():
    """Shares of their sum, also where each of them underflows."""
    loss = cmlp.losses.Custom(shares, task="classification")
    net = passing_on(3, "float64", loss=loss, output="sigmoid", classes=["a", "b", "c"])
    Z = np.array([[-2.0, 0.5, 1.0], [-900.0, -901.0, -905.0]])
    P = expit(Z[:1])
    assert_allclose(net.predict_proba(Z)[:1], P / P.sum(), rtol=1e-14)
    assert_allclose(net.predict_log_proba(Z)[1], log_softmax(Z[1]), rtol=1e-14)


def test_values_have_no_probabilities():
    net = cmlp.Network([2, 1], loss="squared_error")
    for model in (net, cmlp.Model(net)):
        for ask in (model.predict_proba, model.predict_log_proba):
            with pytest.raises(ValueError, match=r"squared_error.*log_loss"):
                ask(np.ones((1, 2)))


def test_logits_that_overflow_are_an_error():
    net = passing_on(1, "float32", loss="log_loss")
    net.theta[:] = 1e38
    for model in (net, cmlp.Model(net)):
        for ask in (model.predict_proba, model.predict_log_proba):
            with pytest.raises(FloatingPointError, match=r"X\[0\]"):
                ask([[1e10]])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers(n_classes):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    X = np.linspace(-1, 1, 60)[:, None]
    y = np.digitize(X[:, 0], [-0.3, 0.3] if n_classes == 3 else [0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cmlp.MLPClassifier((), max_iter=300, learning_rate_init=0.05, alpha=0, random_state=0).fit(X, y)
    logits = np.atleast_2d(model.decision_function(1e3 * X).astype(float).T).T
    want = np.hstack([log_expit(-logits), log_expit(logits)]) if n_classes == 2 else log_softmax(logits, axis=1)
    assert_allclose(model.predict_log_proba(1e3 * X), want, rtol=1e-4, atol=1e-6)
    assert want.min() < -1000
    assert_allclose(model.to_model().predict_log_proba(1e3 * X), want, rtol=1e-4, atol=1e-6)
