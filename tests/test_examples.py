"""What the courses and textbooks show, to the digit where they give digits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import cmlp
from cmlp import datasets, initializers


def test_a_neuron_by_hand():
    """X = [0.1, 0.2, 0.4], weights 1, target 1: prediction 0.7; errors 0.3 and 0.09 (half of it: 0.045); one update."""
    X, y = [[0.1, 0.2, 0.4]], [1.0]
    for loss, cost, dZ in (("squared_error", 0.045, -0.3), ("absolute_error", 0.3, -1.0)):
        net = cmlp.Network([3, 1], loss=loss, bias=False, init=initializers.Constant(1.0), dtype="float64")
        trace = net.trace(X, y)
        assert_allclose(trace["A0"], [[0.7]], rtol=1e-15)
        assert_allclose(trace.cost, cost, rtol=1e-15)
        assert_allclose(trace["dZ0"], [[dZ]], rtol=1e-15)
        assert_allclose(trace["dW0"], dZ * np.array([[0.1], [0.2], [0.4]]), rtol=1e-15)
        assert_allclose(net.step(X, y, cmlp.SGD(0.5)), cost, rtol=1e-15)
        assert_allclose(net.layers[0].W[:, 0], 1 - 0.5 * dZ * np.array([0.1, 0.2, 0.4]), rtol=1e-15)
    assert_allclose((1 - 0.7) ** 2, 0.09)


@pytest.mark.slow
def test_the_planar_network_of_the_course():
    """2 inputs, 4 tanh, 1 sigmoid, 10,000 iterations at 1.2: the cost curve of plain NumPy code, and about 90 %."""
    X, y = datasets.flower(400, seed=1)
    net = cmlp.Network([2, 4, 1], "tanh", "log_loss", init=initializers.Normal(0.01), dtype="float64", seed=3)
    W1, b1, W2, b2 = (a.copy() for layer in net.layers for a in (layer.W.T, layer.b[:, None]))
    history = net.fit(X, y, optimizer=cmlp.SGD(1.2), batch_size=None, epochs=10_000)

    costs, m = [], 400
    x, t = X.T, y[None]  # samples as columns, as in the course
    for _ in range(10_000):
        A1 = np.tanh(W1 @ x + b1)
        A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
        costs.append(-(t * np.log(A2) + (1 - t) * np.log(1 - A2)).sum() / m)
        dZ2 = A2 - t
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        W2 = W2 - 1.2 * (dZ2 @ A1.T) / m
        b2 = b2 - 1.2 * dZ2.sum(axis=1, keepdims=True) / m
        W1 = W1 - 1.2 * (dZ1 @ x.T) / m
        b1 = b1 - 1.2 * dZ1.sum(axis=1, keepdims=True) / m

    assert_allclose(history.loss, costs, rtol=0, atol=1e-9)
    assert 0.85 <= net.score(X, y) <= 0.95


@pytest.mark.parametrize(("name", "learned"), [("and", True), ("or", True), ("nand", True), ("xor", False)])
def test_the_perceptron(name, learned):
    """It learns what a line can separate, by Rosenblatt's rule on one sample at a time."""
    X, y = datasets.logic(name)
    net = cmlp.Network([2, 1], loss="perceptron", init="zeros", dtype="float64")
    history = net.fit(
        X,
        y,
        optimizer=cmlp.SGD(1.0),
        batch_size=1,
        epochs=200,
        stopping=cmlp.Stopping("loss", patience=None, restore_best=False, threshold=0.0),
    )
    assert (history.stopped == "threshold") is learned, "it stops after an epoch without a mistake"
    assert (net.score(X, y) == 1) is learned
    assert set(np.unique(net.forward(X))) <= {-1, 1}


def test_the_perceptron_rule():
    X, y = np.array([[2.0, -1.0]]), np.array([0])  # class 0 is -1
    net = cmlp.Network([2, 1], loss="perceptron", init="zeros", dtype="float64", classes=[0, 1])
    net.step(X, y, cmlp.SGD(0.5))
    assert_allclose(net.layers[0].W[:, 0], [-1.0, 0.5])
    assert_allclose(net.layers[0].b, [-0.5])
    net.step(X, y, cmlp.SGD(0.5))
    assert_allclose(net.layers[0].W[:, 0], [-1.0, 0.5], err_msg="no mistake, no change")


def test_one_hidden_layer_learns_xor():
    X, y = datasets.logic("xor")
    net = cmlp.Network([2, 8, 1], "tanh", "log_loss", dtype="float64")
    net.fit(X, y, optimizer=cmlp.Adam(0.05), batch_size=None, epochs=1000)
    assert net.predict(X).tolist() == y.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("init", ["zeros", initializers.Constant(0.3)])
def test_equal_weights_keep_all_hidden_units_equal(init):
    X, y = datasets.flower(200)
    net = cmlp.Network([2, 5, 1], "tanh", "log_loss", init=init, dtype="float64")
    net.fit(X, y, optimizer=cmlp.SGD(0.5), batch_size=None, epochs=300)
    W0, W1 = net.layers[0].W, net.layers[1].W
    assert_allclose(W0, np.repeat(W0[:, :1], 5, axis=1), rtol=1e-12)
    assert_allclose(W1, np.repeat(W1[:1], 5, axis=0), rtol=1e-12)


def test_xavier_breaks_the_symmetry():
    X, y = datasets.flower(200)
    net = cmlp.Network([2, 5, 1], "tanh", "log_loss", init="xavier", dtype="float64")
    net.fit(X, y, optimizer=cmlp.SGD(0.5), batch_size=None, epochs=300)
    assert np.abs(np.diff(net.layers[0].W, axis=1)).min() > 0.01


def test_a_deep_network_of_linear_layers_is_one_linear_layer(rng):
    X = rng.normal(size=(50, 4))
    net = cmlp.Network([4, 7, 6, 5, 2], "identity", "squared_error", dtype="float64", bias_init="normal")
    W, b = np.eye(4), np.zeros(4)
    for layer in net.layers:
        W, b = W @ layer.W, b @ layer.W + layer.b
    assert_allclose(net.forward(X), X @ W + b, rtol=1e-12, atol=1e-14)
    one = cmlp.Network([4, 2], loss="squared_error", dtype="float64", init=[W], bias_init=[b])
    assert_allclose(one.forward(X), net.forward(X), rtol=1e-12, atol=1e-14)


@pytest.mark.slow
def test_one_hidden_layer_fits_a_curve_ever_better_as_it_gets_wider():
    x = np.linspace(-1, 1, 200)[:, None]
    y = np.sin(3 * np.pi * x)

    def cost(width, seed):
        init = initializers.Normal(3.0)
        net = cmlp.Network([1, width, 1], "tanh", "squared_error", init=init, bias_init=init, dtype="float64", seed=seed)
        for learning_rate in (0.02, 0.002):
            net.fit(x, y, optimizer=cmlp.Adam(learning_rate), batch_size=None, epochs=3000)
        return net.cost(x, y)

    costs = [min(cost(width, seed) for seed in range(3)) for width in (1, 2, 4, 8, 16)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.01 * costs[0]
