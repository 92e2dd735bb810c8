"""Edges of the compiled core that a review found: panels and whole rows, odd classes, large networks, line searches."""

import numpy as np
import pytest
import scipy.sparse
from common import reference_fit, targets_for
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection, reference


@pytest.mark.parametrize("width", [64, 65, 130])
def test_softmax_behind_batch_norm(width, rng):
    net = cmlp.Network([5, width, 3], "softmax", norm="batch", dtype="float64")
    X, Y = rng.normal(size=(20, 5)), targets_for("cross_entropy", rng, 20, 3)
    draw = reference.Draw(net.shuffle_seed, 1)
    expected, _ = reference.gradient(net.layers, X, Y, net.loss, draw=draw, training=True)
    assert_allclose(net.gradient(X, Y, training=True)[0], expected, rtol=1e-13)
    assert inspection.check_gradients(net, X, Y, most=20).ok


def test_classes_are_counted_by_targets():
    loss = cmlp.losses.Custom(lambda Z, Y: (Z[:, 0], Z), outputs_per_target=2)
    with pytest.raises(ValueError, match="4 classes"):
        cmlp.Network([3, 4], loss=loss, classes=[0, 1, 2, 3])
    for name in ("gaussian", "quantile", "poisson"):
        with pytest.raises(ValueError, match=f"classes.*{name}"):
            cmlp.Network([3, 2], loss=name, classes=[0, 1])


def test_hidden_activations_of_a_large_network(rng):
    net = cmlp.Network([8, 2400, 2400, 3])
    X = rng.normal(size=(900, 8)).astype("float32")
    assert cmlp.runtime.engines.most_rows(net.n_params) < 900
    expected = np.maximum(X @ net.layers[0].W + net.layers[0].b, 0)
    assert_allclose(inspection.activations(net, X, 0), expected, rtol=1e-4, atol=1e-4)


def test_a_line_search_that_steps_too_far():
    X, y = np.array([[1000.0], [800.0], [-500.0]]), [1, 2, 3]
    net = cmlp.Network([1, 1], loss="poisson", init="zeros", dtype="float64")
    history = net.fit(X, y, optimizer="lbfgs", batch_size=None, epochs=20)
    assert history.loss[-1] < 1.0


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("early", [False, True])
def test_after_an_exception_the_last_step_stands_or_the_best(optimizer, early, rng):
    class Fails(cmlp.callbacks.Callback):
        def __init__(self):
            self.thetas = []

        def on_epoch_end(self, training):
            self.thetas.append(training.network.theta.copy())
            if len(training.history) == 4:
                raise RuntimeError("in a callback")

    X, y = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    net, fails = cmlp.Network([3, 4, 2], dtype="float64"), Fails()
    stopping = cmlp.callbacks.EarlyStopping(lambda net: -len(net.history), patience=50)
    with pytest.raises(RuntimeError, match="in a callback"):
        net.fit(
            X,
            y,
            optimizer=optimizer,
            batch_size=None,
            epochs=9,
            stopping=cmlp.Stopping("loss", None),
            callbacks=[*[stopping] * early, fails],
        )
    assert_allclose(net.theta, fails.thetas[0 if early else -1], rtol=0)


def test_a_variance_beyond_float32_is_a_divergence(rng):
    X = rng.normal(size=(40, 3)).astype("float32") * 3e19
    net = cmlp.Network([3, 4, 2], norm="batch", init="glorot_uniform")
    with pytest.raises(cmlp.DivergenceError):
        net.fit(X, rng.integers(0, 2, 40), batch_size=10, epochs=3)
    assert np.isfinite(net.variables).all()


def test_a_normalised_layer_wider_than_a_tile(rng):
    """From 513 units on, a tile of the gradient is not all columns of its rows."""
    net = cmlp.Network([5, 530, 3], "tanh", norm="batch", dtype="float64")
    X, Y = rng.normal(size=(41, 5)), targets_for("cross_entropy", rng, 41, 3)
    layers, losses, _ = reference_fit(net, X, Y, cmlp.SGD(0.1), batch_size=10, epochs=2)
    history = net.fit(X, Y, optimizer=cmlp.SGD(0.1), batch_size=10, epochs=2)
    assert_allclose(history.loss, losses, rtol=1e-12)
    for name in ("W", "scale", "shift", "mean", "variance"):
        assert_allclose(getattr(net.layers[0], name), getattr(layers[0], name), rtol=1e-9, atol=1e-12)


def test_passes_with_dropout_do_not_depend_on_the_work_space(rng, monkeypatch):
    """Also where the rows of a pass go through it in chunks."""
    X = rng.normal(size=(600, 4))
    settings = {"loss": "squared_error", "dropout": 0.3, "input_dropout": 0.1}
    expected = cmlp.Network([4, 20, 2], **settings).forward(X, passes=2)
    monkeypatch.setattr("cmlp.runtime.engines.CHUNK", 256)
    assert_array_equal(cmlp.Network([4, 20, 2], **settings).forward(X, passes=2), expected)


@pytest.mark.parametrize("kind", ["coo_matrix", "bsr_array", "dia_array", "lil_array"])
def test_predicting_many_rows_of_any_sparse_kind(kind):
    X = getattr(scipy.sparse, kind)(scipy.sparse.eye_array(70_000, 4))
    net = cmlp.Network([4, 2])
    assert (net.predict(X)[10:] == net.predict(np.zeros((1, 4)))).all()
