"""The Python API: predictions, scores, the trace, views, copies, summaries."""

import copy
import pickle

import numpy as np
import pytest
from common import DTYPES, flat, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import datasets, initializers, layers, reference


@pytest.fixture
def data(rng):
    X = rng.normal(size=(80, 4))
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


# --- predictions ----------------------------------------------------------------------------------------------
def test_classes_are_decoded(data):
    X, y = data
    names = np.array(["low", "middle", "top"])[y]
    net = cmlp.Network([4, 16, 3])
    net.fit(X, names, optimizer=cmlp.Adam(0.02), epochs=100)
    assert net.classes.tolist() == ["low", "middle", "top"]
    assert_array_equal(net.predict(X), net.classes[net.forward(X).argmax(axis=1)])
    assert net.score(X, names) == np.mean(net.predict(X) == names) > 0.9
    assert_allclose(net.forward(X).sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(("loss", "labels"), [("log_loss", [0, 1]), ("log_loss", ["no", "yes"]), ("perceptron", [-1, 1])])
def test_two_classes_share_one_output(loss, labels, data):
    X, y = data
    y = np.array(labels)[(y > 0).astype(int)]
    net = cmlp.Network([4, 16, 1], loss=loss)
    net.fit(X, y, optimizer=cmlp.Adam(0.02), epochs=100)
    assert net.classes.tolist() == labels
    assert net.score(X, y) > 0.9
    half = 0.5 if loss == "log_loss" else 0
    assert_array_equal(net.predict(X), np.array(labels)[(net.forward(X)[:, 0] >= half).astype(int)])


def test_several_labels_at_once(data):
    X, _ = data
    Y = (X[:, :3] > 0).astype(int)
    net = cmlp.Network([4, 16, 3], loss="log_loss")
    net.fit(X, Y, optimizer=cmlp.Adam(0.02), epochs=200)
    assert_array_equal(net.predict(X), (net.forward(X) >= 0.5).astype(int))
    assert net.score(X, Y) == np.mean((net.predict(X) == Y).all(axis=1)) > 0.8


def test_values(data):
    X, _ = data
    one, two = cmlp.Network([4, 1], loss="squared_error"), cmlp.Network([4, 2], loss="squared_error")
    y = X @ [1, 2, 3, 4] + 5
    for net, target in ((one, y), (two, np.c_[y, -y])):
        net.fit(X, target, optimizer=cmlp.Adam(0.1), epochs=500, batch_size=None)
        assert net.predict(X).shape == target.shape
        assert net.score(X, target) > 0.99
    residual, total = ((y - one.predict(X)) ** 2).sum(), ((y - y.mean()) ** 2).sum()
    assert_allclose(one.score(X, y), 1 - residual / total, rtol=1e-6)
    assert one.score(X, y, np.r_[np.ones(40), np.zeros(40)]) == pytest.approx(one.score(X[:40], y[:40]))


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_weights_of_a_score_count_as_repetitions(loss, data, rng):
    X, y = data
    y = X @ [1, 2, 3, 4] + 5 if loss == "squared_error" else y > 0
    net, weight = cmlp.Network([4, 1], loss=loss, dtype="float64"), rng.integers(0, 4, 80)
    repeated = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    for model in (net, cmlp.Model(net, classes=net.classes)):
        assert_allclose(model.score(X, y, weight), net.score(*repeated))
        assert model.score(X, y, weight) != net.score(X, y)


def test_a_vector_of_classes_with_a_loss_on_outputs(data):
    X, y = data
    net = cmlp.Network([4, 16, 3], "sigmoid", "squared_error", output="sigmoid")
    net.fit(X, y, optimizer=cmlp.Adam(0.05), epochs=300)
    assert set(net.predict(X)) <= {0, 1, 2}
    assert net.score(X, y) > 0.8


def test_one_hot_rows_name_classes(data):
    X, y = data
    by_codes, by_rows = cmlp.Network([4, 8, 3]), cmlp.Network([4, 8, 3])
    by_codes.fit(X, y, epochs=5)
    by_rows.fit(X, np.eye(3)[y], epochs=5)
    assert_array_equal(by_codes.theta, by_rows.theta)
    assert by_codes.score(X, y) == by_rows.score(X, np.eye(3)[y])


def test_given_classes_need_not_all_occur(data):
    X, y = data
    net = cmlp.Network([4, 8, 4], classes=["d", "c", "b", "a"])
    net.fit(X, np.array(["a", "b", "c"])[y], epochs=1)
    assert net.classes.tolist() == ["a", "b", "c", "d"]


# --- computing ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_equals_the_reference(dtype, rng):
    X = rng.normal(size=(9001, 4)).astype(dtype)
    net = cmlp.Network([4, 8, 3], "tanh", dtype=dtype)
    assert_allclose(net.forward(X), reference.forward(net.layers, X.astype("float64"))[-1].A, **tolerance(dtype, 5))


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_trace(loss, rng):
    X, y = rng.integers(0, 255, size=(6, 4)).astype(np.uint8), np.array([0, 2, 1, 1, 0, 2])
    net = cmlp.Network([4, 5, 3], "tanh", loss, dtype="float64", input_scale=1 / 255, bias=[True, False])
    theta = net.theta.copy()
    trace = net.trace(X, y)
    Y = np.eye(3)[y]
    values = reference.forward(net.layers, X / 255)
    cost, gradients = reference.gradient(net.layers, X / 255, Y, loss)
    assert_allclose(trace["X"], X / 255)
    assert_array_equal(trace["Y"], Y)
    for l, layer in enumerate(trace.layers):
        assert_allclose(layer.Z, values[l].Z, rtol=1e-12)
        assert_allclose(layer.A, values[l].A, rtol=1e-12)
        assert_allclose(layer.dW, gradients[l][0], rtol=1e-12, atol=1e-15)
        assert_allclose(layer.dZ.sum(axis=0), layer.db if layer.db is not None else layer.dZ.sum(axis=0))
    assert_allclose(trace.cost, cost)
    assert trace.names() == ["X", "Y", "W0", "b0", "Z0", "A0", "dZ0", "dW0", "db0", "W1", "Z1", "A1", "dZ1", "dW1"]
    for name in trace.names():
        assert name in str(trace)
    with pytest.raises(KeyError, match=r"'db1'.*X, Y, W0"):
        trace["db1"]
    assert_array_equal(net.theta, theta)


def test_gradient_is_laid_out_as_theta_is(data):
    X, y = data
    net = cmlp.Network([4, 5, 3], dtype="float64")
    _, dtheta = net.gradient(X, y)
    blocks = layers.views(net.tables[1], dtheta)
    assert [block["W"].shape for block in blocks] == [(4, 5), (5, 3)]
    assert_array_equal(flat(block.values() for block in blocks), dtheta)


# --- the parameters -------------------------------------------------------------------------------------------
def test_layers_are_views_of_theta():
    net = cmlp.Network([3, 4, 2], bias=[False, True])
    assert net.theta.ctypes.data % 64 == 0
    assert net.layers[0].b is None
    net.layers[0].W[:] = 7
    assert (net.theta[:12] == 7).all()
    net.theta[-2:] = [8, 9]
    assert net.layers[1].b.tolist() == [8, 9]
    assert "3 -> 4, relu" in repr(net.layers[0])
    assert (net.layers[1].fan_in, net.layers[1].fan_out) == (4, 2)


def test_the_same_seed_gives_the_same_parameters():
    first, same, other = cmlp.Network([3, 4, 2]), cmlp.Network([3, 4, 2]), cmlp.Network([3, 4, 2], seed=1)
    assert_array_equal(first.theta, same.theta)
    assert (first.theta != other.theta).any()
    generator = cmlp.Network([3, 4, 2], seed=np.random.default_rng(0))
    assert_array_equal(first.theta, generator.theta)
    assert_array_equal(cmlp.Network([3, 4, 2], dtype="float64").theta.astype("float32"), first.theta)


def test_reset(data):
    X, y = data
    net = cmlp.Network([4, 8, 3])
    before = net.theta.copy()
    first = net.fit(X, y, epochs=3)
    net.reset()
    assert_array_equal(net.theta, before)
    assert net._optimizer_state is None
    assert net.fit(X, y, epochs=3).loss == first.loss
    assert (net.reset(5).theta != before).any()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, cmlp.Network.copy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_goes_its_own_way(duplicate, data):
    X, y = data
    net = cmlp.Network([4, 8, 3])
    net.fit(X, np.array(["a", "b", "c"])[y], epochs=2)
    twin = duplicate(net)
    theta = net.theta.copy()
    twin.fit(X, np.array(["a", "b", "c"])[y], epochs=2)
    assert_array_equal(net.theta, theta)
    net.fit(X, np.array(["a", "b", "c"])[y], epochs=2)
    assert_array_equal(net.theta, twin.theta)


def test_summary_and_repr():
    net = cmlp.Network([784, 128, 10], "tanh", bias=[True, False], input_scale=1 / 255)
    table = net.summary().splitlines()
    assert table[1].split() == ["0", "784", "x", "128", "tanh", "yes", "100,480"]
    assert table[2].split() == ["1", "128", "x", "10", "softmax", "no", "1,280"]
    assert table[3].split() == ["101,760"]
    for word in ("cross_entropy", "float32", "0.00392157"):
        assert word in table[4]
    for word in ("784-128-10", "tanh", "softmax", "cross_entropy", "float32"):
        assert word in repr(net)


# --- initialisers ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("init", "variance"),
    [
        ("normal", 1e-4),
        ("xavier", 1 / 400),
        ("glorot_uniform", 2 / 1000),
        ("glorot_normal", 2 / 1000),
        ("he", 2 / 400),
        ("lecun", 1 / 400),
        ("uniform", 0.05**2 / 3),
        ("zeros", 0),
        (initializers.Constant(0.5), 0),
        (initializers.Normal(3.0), 9),
        (None, 2 / 400),
    ],
)
def test_initial_weights(init, variance):
    W = cmlp.Network([400, 600, 2], init=init, dtype="float64").layers[0].W
    assert_allclose(W.var(), variance, rtol=0.02)
    assert_allclose(W.mean(), 0.5 if init == initializers.Constant(0.5) else 0, atol=4 * np.sqrt(variance / W.size))


def test_given_parameters():
    W, b = np.arange(6.0).reshape(3, 2), np.array([7.0, 8.0])
    net = cmlp.Network(
        [3, 2, 1], loss="squared_error", init=[W, "zeros"], bias_init=[b, initializers.Constant(2)], dtype="float64"
    )
    assert_array_equal(net.theta, [0, 1, 2, 3, 4, 5, 7, 8, 0, 0, 2])
    assert_array_equal(net.reset().layers[0].W, W)


def test_show_config(capsys):
    cmlp.show_config()
    shown = capsys.readouterr().out
    for word in ("cmlp", "compiler", "openmp", "instruction set", "blas", "threads"):
        assert word in shown


def test_the_bundled_digits_read_without_extras():
    X, y = datasets.load_digits()
    assert X.shape == (1797, 64)
    assert sorted(set(y)) == list(range(10))
