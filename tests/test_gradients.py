"""Whole gradients: against the reference, against differences, for networks of every kind."""

import numpy as np
import pytest
from common import DTYPES, HIDDEN, LOSSES, ON_OUTPUTS, flat, paired, slow, targets_for, tolerance
from numpy.testing import assert_allclose

import cmlp
from cmlp import reference
from cmlp.runtime import registry

SIZES = {0: [4, 3], 1: [4, 6, 3], 2: [4, 6, 5, 3], 3: [4, 5, 6, 5, 3], 4: [4, 6, 5, 4, 6, 3], 5: [4, 5, 4, 6, 5, 4, 3]}
OUTPUTS = [name for name in registry.activations if name not in ("sign", "mean_variance", "prelu")]
KINKS = dict.fromkeys(("relu", "leaky_relu", "prelu", "elu", "selu", "softsign"), (0,))  # of f or of its derivatives
KINKS |= {"relu6": (0, 6), "hard_tanh": (-1, 1), "hard_sigmoid": (-3, 3)}
LOSS_KINKS = {"absolute_error": (0,), "quantile": (0,), "huber": (-0.7, 0.7)}


def network(depth, activation, loss, bias=True, output=None, dtype="float64", seed=1):
    init = cmlp.initializers.Normal(0.2) if activation == "exponential" else "xavier"  # e^e^e^z leaves no room
    *sizes, n_targets = SIZES[depth]
    return cmlp.Network(
        [*sizes, n_targets * LOSSES[loss].outputs_per_target],
        activation,
        LOSSES[loss],
        output=output,
        bias=bias,
        dtype=dtype,
        seed=seed,
        init=init,
        bias_init="normal",
    )


def problem(net, rng, n_samples=12, weighted=False):
    X = rng.normal(size=(n_samples, net.sizes[0]))
    Y = targets_for(net.loss, rng, n_samples, net.sizes[-1])
    weight = rng.uniform(0.1, 2, n_samples) if weighted else None
    return X, Y, weight


def kinks_are_far(net, X, Y):
    """Whether no Z and no error lies so near to a kink that a difference would step over it."""
    values = reference.forward(net.layers, X)
    far = [np.abs(value.N - kink) for value, layer in zip(values, net.layers) for kink in KINKS.get(layer.activation, ())]
    far += [np.abs(values[-1].Z)] if net.loss == "perceptron" else []
    A = values[-1].A
    error = A - np.repeat(Y, A.shape[1] // Y.shape[1], axis=1)
    far += [np.abs(error - kink) for kink in LOSS_KINKS.get(net.loss, ())]
    return all(distance.min() > 1e-3 for distance in far)


def check_along_directions(net, X, Y, weight, rng, directions=3):
    """d cost / d theta . v against central differences of fourth order, for random unit v."""
    while not kinks_are_far(net, X, Y):
        X = rng.normal(size=X.shape)
    _, dtheta = net.gradient(X, Y, weight)
    theta, h = net.theta.copy(), 1e-4

    def cost(step):
        net.theta[:] = theta + step
        return net.cost(X, Y, weight)

    for _ in range(directions):
        v = rng.normal(size=len(theta))
        v /= np.linalg.norm(v)
        differences = (8 * (cost(h * v) - cost(-h * v)) - (cost(2 * h * v) - cost(-2 * h * v))) / (12 * h)
        assert_allclose(dtheta @ v, differences, rtol=1e-7, atol=1e-9)
    net.theta[:] = theta


@pytest.mark.parametrize(("bias", "weighted"), [(True, False), (False, True)], ids=["bias", "weighted, no bias"])
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
@pytest.mark.parametrize("depth", [0, 2, *slow(1, 3, 4, 5)])
def test_gradient_at_any_depth(depth, activation, loss, bias, weighted, rng):
    net = network(depth, activation, loss, bias)
    check_along_directions(net, *problem(net, rng, weighted=weighted), rng)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize(("activation", "loss"), [pair[:2] for pair in paired(HIDDEN, registry.losses)])
def test_gradient_equals_differences(depth, activation, loss, rng):
    net = network(depth, activation, loss)
    check_along_directions(net, *problem(net, rng, weighted=True), rng)


@pytest.mark.parametrize("loss", [ON_OUTPUTS[0], *slow(*ON_OUTPUTS[1:])])
@pytest.mark.parametrize("output", OUTPUTS)
def test_any_output_function_under_a_loss_on_outputs(output, loss, rng):
    net = network(2, "tanh", loss, output=output)
    check_along_directions(net, *problem(net, rng), rng)


@pytest.mark.parametrize("loss", registry.losses)
def test_each_coordinate(loss, rng):
    sizes = [3, 4, 2 * LOSSES[loss].outputs_per_target]
    net = cmlp.Network(sizes, "tanh", LOSSES[loss], dtype="float64", init="xavier", bias_init="normal")
    X, Y, _ = problem(net, rng)
    _, dtheta = net.gradient(X, Y)
    theta, h = net.theta.copy(), 1e-5
    for k in range(len(theta)):
        costs = []
        for step in (h, -h):
            net.theta[:] = theta
            net.theta[k] += step
            costs.append(net.cost(X, Y))
        assert_allclose(dtheta[k], (costs[0] - costs[1]) / (2 * h), rtol=1e-6, atol=1e-8, err_msg=str(k))


@pytest.mark.parametrize(("activation", "loss", "dtype"), paired(HIDDEN, registry.losses))
def test_gradient_equals_the_reference(activation, loss, dtype, rng):
    net = network(3, activation, loss, bias=[True, False, True, False], dtype=dtype)
    X, Y, weight = problem(net, rng, 200, weighted=True)
    X, Y, weight = X.astype(dtype), Y.astype(dtype), weight / weight.mean()
    cost, dtheta = net.gradient(X, Y, weight)
    X64, Y64 = X.astype("float64"), Y.astype("float64")
    expected, gradients = reference.gradient(net.layers, X64, Y64, loss, weight, net.loss_function.values)
    assert_allclose(cost, expected, **tolerance(dtype, 20))
    assert_allclose(dtheta, flat(gradients), **tolerance(dtype, 20))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[300, 400, 200, 7], [900, 130, 70, 1]])
def test_a_network_worked_layer_by_layer(sizes, dtype, rng):
    """theta too large for the cache: tiles of rows and columns, with remainders on every side."""
    loss = "cross_entropy" if sizes[-1] > 1 else "squared_error"
    net = cmlp.Network(sizes, ["relu", "tanh"], loss, dtype=dtype)
    X, Y, weight = problem(net, rng, 173, weighted=True)
    weight /= weight.mean()
    cost, dtheta = net.gradient(X.astype(dtype), Y, weight)
    expected, gradients = reference.gradient(net.layers, X.astype(dtype).astype("float64"), Y, loss, weight)
    assert_allclose(cost, expected, **tolerance(dtype, 20))
    assert_allclose(dtheta, flat(gradients), **tolerance(dtype, 20))


@pytest.mark.parametrize("softmax_at", [0, 1])
def test_softmax_in_a_hidden_layer(softmax_at, rng):
    activations = ["tanh", "tanh"]
    activations[softmax_at] = "softmax"
    net = cmlp.Network([4, 150, 140, 3], activations, "squared_error", dtype="float64")
    check_along_directions(net, *problem(net, rng), rng)


def test_a_batch_larger_than_the_work_space(rng):
    """9,000 samples go through it in chunks; the gradient adds up in dtheta."""
    net = cmlp.Network([5, 8, 3], "tanh", dtype="float64")
    X, Y, weight = problem(net, rng, 9000, weighted=True)
    weight /= weight.mean()
    cost, dtheta = net.gradient(X, Y, weight)
    expected, gradients = reference.gradient(net.layers, X, Y, net.loss, weight)
    assert_allclose(cost, expected, rtol=1e-12)
    assert_allclose(dtheta, flat(gradients), rtol=1e-10, atol=1e-14)


def test_the_loss_of_a_weightless_sample_does_not_count(rng):
    net = network(1, "tanh", "cross_entropy")
    X, Y, _ = problem(net, rng)
    weight = np.r_[np.zeros(4), np.ones(8)]
    with_zeros = net.gradient(X, Y, weight)
    without = net.gradient(X[4:], Y[4:])
    assert_allclose(with_zeros[0], without[0])
    assert_allclose(with_zeros[1], without[1], atol=1e-16)
