"""Gradient check, diagnosis, hidden activations, input gradients, range test."""

import numpy as np
import pytest
from common import HIDDEN, LOSSES, paired, slow, targets_for
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection, reference


@pytest.fixture
def digits():
    return cmlp.datasets.load_digits()


# --- gradients ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("activation", "loss"), [pair[:2] for pair in paired(HIDDEN, LOSSES)])
def test_right_gradients_are_found_right(activation, loss, rng):
    n_outputs = 2 * LOSSES[loss].outputs_per_target
    init = cmlp.initializers.Normal(0.2) if activation == "exponential" else None
    net = cmlp.Network([3, 5, 4, n_outputs], activation, LOSSES[loss], init=init)
    X, Y = rng.normal(size=(9, 3)), targets_for(loss, rng, 9, n_outputs)
    check = inspection.check_gradients(net, X, Y, rng.uniform(0.5, 2, 9))
    assert check.ok, check
    assert [block.name for block in check.blocks] == list(net.tables[1]["name"])
    assert "b0" not in str(check).splitlines()[-1]


def test_a_wrong_gradient_is_named(rng, monkeypatch):
    net = cmlp.Network([3, 5, 2], "tanh")
    right = cmlp.Network.gradient

    def wrong(self, *arguments, **settings):
        cost, dtheta = right(self, *arguments, **settings)
        dtheta[15 + 3] *= 1.001  # b0[3]
        return cost, dtheta

    monkeypatch.setattr(cmlp.Network, "gradient", wrong)
    check = inspection.check_gradients(net, rng.normal(size=(8, 3)), [0, 1] * 4)
    assert not check.ok
    assert [block.name for block in check.blocks if not block.ok] == ["b0"]
    assert check.worst.place == (0, 3)
    assert "b0" in str(check).splitlines()[-1]


def test_a_kink_is_no_fault(rng):
    """A unit of relu with Z = 0 exactly: its bias has two slopes."""
    net = cmlp.Network([2, 3, 2], "relu", dtype="float64")
    net.layers[0].W[:] = [[1, -1, 1], [0, 2, 1]]
    net.layers[0].b[:] = 0
    check = inspection.check_gradients(net, [[0.0, 0.7], [0.3, -0.2]], [0, 1])
    assert check.ok, check
    assert sum(block.n_kinks for block in check.blocks) >= 1


def test_large_blocks_are_sampled(rng):
    net = cmlp.Network([30, 20, 3], "tanh")
    check = inspection.check_gradients(net, rng.normal(size=(5, 30)), [0, 1, 2, 0, 1], most=7)
    assert [block.n_checked for block in check.blocks] == [7, 7, 7, 3]
    assert [block.n_params for block in check.blocks] == [600, 20, 60, 3]
    assert check.ok


def test_the_network_is_not_changed(rng):
    net = cmlp.Network([3, 5, 2])
    before = net.theta.copy()
    inspection.check_gradients(net, rng.normal(size=(8, 3)), [0, 1] * 4)
    inspection.diagnose(net, rng.normal(size=(8, 3)), [0, 1] * 4)
    inspection.learning_rate_range(net, rng.normal(size=(8, 3)), [0, 1] * 4, steps=5)
    assert_array_equal(net.theta, before)
    assert net.history is None


# --- diagnosis ------------------------------------------------------------------------------------------------
def test_ten_sigmoid_layers_vanish(digits):
    init = cmlp.initializers.Normal(0.01)
    net = cmlp.Network([64, *[30] * 10, 10], "sigmoid", input_scale=1 / 16, init=init)
    diagnosis = inspection.diagnose(net, *digits)
    assert list(diagnosis.troubles) == ["vanishing"]
    assert "relu" in str(diagnosis)


def test_zeros_are_symmetric(digits):
    for activation in ("relu", "tanh"):
        net = cmlp.Network([64, 30, 10], activation, input_scale=1 / 16, init="zeros")
        assert list(inspection.diagnose(net, *digits).troubles) == ["symmetric"]


def test_a_huge_rate_is_named_before_and_after(digits):
    net = cmlp.Network([64, 50, 50, 10], input_scale=1 / 16)
    before = inspection.diagnose(net, *digits, optimizer=cmlp.SGD(50.0))
    assert "rate too high" in before.troubles
    assert "ten" in str(before) or "10" in str(before)
    net.fit(*digits, optimizer=cmlp.Adam(1.0), epochs=2)
    assert "dead" in inspection.diagnose(net, *digits).troubles


def test_a_tiny_rate(digits):
    net = cmlp.Network([64, 50, 10], input_scale=1 / 16)
    assert list(inspection.diagnose(net, *digits, optimizer=cmlp.SGD(1e-9)).troubles) == ["rate too low"]


def test_saturated_units(digits):
    net = cmlp.Network([64, 50, 10], "tanh")
    X, y = digits
    assert "saturated" in inspection.diagnose(net, 100 * X, y).troubles


def test_exploding_gradients(digits):
    net = cmlp.Network([64, *[30] * 8, 10], "relu", input_scale=1 / 16, init=cmlp.initializers.Normal(2.0))
    assert "exploding" in inspection.diagnose(net, *digits).troubles


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "elu", "gelu", "silu", "selu", "leaky_relu", "mish"])
@pytest.mark.parametrize("depth", [1, *slow(0, 2, 4)])
@pytest.mark.parametrize("trained", [False, True])
def test_healthy_networks_have_no_trouble(activation, depth, trained, digits):
    net = cmlp.Network([64, *[40] * depth, 10], activation, input_scale=1 / 16)
    if trained:
        net.fit(*digits, epochs=3)
    assert inspection.diagnose(net, *digits).troubles == {}


# --- layers ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "gaussian"])
def test_activations_and_input_gradients(loss, rng):
    net = cmlp.Network([4, 6, 5, 2], ["silu", "tanh"], loss, input_scale=0.5, dtype="float64")
    X = rng.normal(size=(7, 4))
    A = [value.A for value in reference.forward(net.layers, 0.5 * X)]
    for l in range(3):
        assert_allclose(inspection.activations(net, X, l), A[l], rtol=1e-12)
    assert_allclose(inspection.activations(net, X, -1), net.forward(X), rtol=1e-12)
    for output in (0, 1):
        dX, h = inspection.input_gradient(net, X, output), 1e-5
        for k in range(4):
            step = h * np.eye(4)[k]
            differences = (net.forward(X + step) - net.forward(X - step))[:, output] / (2 * h)
            assert_allclose(dX[:, k], differences, rtol=1e-6, atol=1e-9)


def test_layers_that_are_not_there():
    net = cmlp.Network([4, 6, 2])
    with pytest.raises(ValueError, match=r"layer.*2"):
        inspection.activations(net, np.zeros((1, 4)), 2)
    with pytest.raises(ValueError, match=r"output.*5"):
        inspection.input_gradient(net, np.zeros((1, 4)), 5)


# --- range test -----------------------------------------------------------------------------------------------
def test_learning_rate_range(digits):
    net = cmlp.Network([64, 32, 10], input_scale=1 / 16)
    curve = inspection.learning_rate_range(net, *digits, cmlp.SGD(), highest=1000)
    assert len(curve.learning_rate) == len(curve.loss) == len(curve.smoothed) < 100, "it ended when it diverged"
    assert_allclose(curve.learning_rate[0], 1e-6)
    assert 0.01 < curve.suggestion < 50
    with pytest.raises(ValueError, match="LBFGS"):
        inspection.learning_rate_range(net, *digits, "lbfgs")
    with pytest.raises(ValueError, match=r"lowest.*highest"):
        inspection.learning_rate_range(net, *digits, lowest=1, highest=0.1)


# --- the grid ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("batch_size", [1, 37, 128, 700])
@pytest.mark.parametrize(
    ("sizes", "settings"),
    [
        ([6, 20, 3], {}),
        ([200, 300, 150, 3], {}),
        ([30, 40, 40, 3], {"norm": "batch", "residual": 1}),
        ([70, 1100, 5], {"residual": [1]}),
    ],
    ids=["by rows", "by layer", "panels", "projection"],
)
def test_the_tiles_cover_each_number_once(sizes, settings, batch_size):
    net = cmlp.Network(sizes, **settings)
    cut = inspection.grid(net, batch_size)
    assert cut.by_layer == (sizes != [6, 20, 3])
    for l, (layer, tiles) in enumerate(zip(net.layers, cut.layers, strict=True)):
        fan_in, fan_out = layer.W.shape
        for grid, shape in (
            (tiles.forward, (batch_size, fan_out)),
            (tiles.backward, (batch_size if l else 0, fan_in)),
            (tiles.gradient, (fan_in, fan_out)),
        ):
            covered = np.zeros(shape, int)
            for row, n_rows, column, n_columns in grid:
                assert min(n_rows, n_columns) > 0
                covered[row : row + n_rows, column : column + n_columns] += 1
            assert (covered == 1).all()


def test_a_grid_needs_a_batch():
    with pytest.raises(ValueError, match=r"batch_size.*0"):
        inspection.grid(cmlp.Network([3, 2]), 0)
