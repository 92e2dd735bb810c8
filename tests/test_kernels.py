"""Each compiled kernel against its twin in the reference. Run for every instruction set by test_instruction_sets.py."""

import numpy as np
import pytest
from common import DTYPES, HYPER, LOSSES, numbers_of, targets_for, tolerance, values_of
from numpy.testing import assert_allclose, assert_array_equal

from cmlp import _kernels, losses, reference
from cmlp.runtime import registry

pytestmark = pytest.mark.instruction_sets
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_activation = pytest.mark.parametrize("name", registry.activations)
every_loss = pytest.mark.parametrize("name", registry.losses)


def test_every_name_has_a_reference():
    assert list(reference.activations.ACTIVATIONS) == list(registry.activations)
    assert list(reference.losses.LOSSES) == list(registry.losses)
    assert list(reference.optimizers.OPTIMIZERS) == list(registry.optimizers)
    assert {name: info.link for name, info in registry.losses.items() if info.link} == reference.LINKS
    assert {n: info.n_slots for n, info in registry.optimizers.items()} == {
        n: slots for n, (_, slots) in reference.optimizers.OPTIMIZERS.items()
    }


# --- products -------------------------------------------------------------------------------------------------
SHAPES = {  # (m, n, k)
    "small and thin": [
        *[(1, 1, 1), (3, 5, 4), (1, 64, 10), (64, 1, 7), (33, 65, 129), (1, 1, 300), (40, 1, 300), (9, 3, 1), (1, 9, 300)],
    ],
    "every remainder of rows": [(m, 70, 20) for m in range(1, 27)],
    "every remainder of columns": [(7, n, 20) for n in range(1, 70)],
    "borders of blocks of k": [(40, 100, k) for k in (255, 256, 257, 600)],
    "rows of A^T that are far apart": [(1031, 135, 260)],
}


@every_dtype
@pytest.mark.parametrize("kind", ["nn", "tn", "nt"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_products(kind, shapes, dtype, rng):
    for m, n, k in SHAPES[shapes]:
        A = rng.normal(size=(k, m) if kind == "tn" else (m, k)).astype(dtype)
        B = rng.normal(size=(n, k) if kind == "nt" else (k, n)).astype(dtype)
        product = getattr(reference, f"gemm_{kind}")(A.astype("float64"), B.astype("float64"))
        for start in ("zeros", "itself", "a row"):
            C = np.full((m, n), np.nan, dtype) if start == "zeros" else rng.normal(size=(m, n)).astype(dtype)
            S = {"zeros": None, "itself": C, "a row": rng.normal(size=(1, n)).astype(dtype)}[start]
            expected = product + (0 if S is None else S)
            _kernels.gemm(kind, A, B, C, S)
            assert_allclose(C, expected, **tolerance(dtype, 40), err_msg=f"{m} x {k} x {n}, from {start}")


@every_dtype
@pytest.mark.parametrize("kind", ["nn", "tn"])
@pytest.mark.parametrize("density", [0, 0.02, 0.2, 1])
def test_products_that_skip_zeros_have_the_same_bits(kind, density, dtype, rng):
    if not _kernels.skips_zeros:
        pytest.skip("this instruction set has no products that skip zeros")
    for m, n, k in [(1, 16, 32), (3, 17, 33), (40, 100, 130), (70, 300, 64), (33, 130, 200)]:
        A = rng.normal(size=(k, m) if kind == "tn" else (m, k)).astype(dtype)
        A[rng.random(A.shape) >= density] = 0
        B = rng.normal(size=(k, n)).astype(dtype)
        row = rng.normal(size=(1, n)).astype(dtype)
        for start in ("zeros", "itself", "a row"):
            dense = rng.normal(size=(m, n)).astype(dtype)
            skipping = dense.copy()
            for C, skip_zeros in ((dense, False), (skipping, True)):
                _kernels.gemm(kind, A, B, C, {"zeros": None, "itself": C, "a row": row}[start], skip_zeros)
            assert_array_equal(skipping, dense, err_msg=f"{m} x {k} x {n}, from {start}")


# --- activations ----------------------------------------------------------------------------------------------
@every_dtype
@every_activation
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (3, 64)])
def test_activation_forward(name, shape, dtype, rng):
    n_rows, width = shape
    Z = rng.normal(scale=3, size=(n_rows, 2 * width if name == "mean_variance" else width)).astype(dtype)
    A = np.empty_like(Z)
    _kernels.activation_forward(name, Z, A)
    parameter = registry.activations[name].parameter
    assert_allclose(A, reference.activation_forward(name, Z.astype("float64"), parameter), **tolerance(dtype))
    _kernels.activation_forward(name, Z, Z)
    assert_array_equal(Z, A, "in place")


@every_dtype
@every_activation
def test_activation_backward(name, dtype, rng):
    Z = rng.normal(scale=2, size=(7, 6)).astype(dtype)
    A = np.empty_like(Z)
    _kernels.activation_forward(name, Z, A)
    dA = rng.normal(size=Z.shape).astype(dtype)
    dZ = dA.copy()
    _kernels.activation_backward(name, Z, A, dZ)
    Z64, A64, dA64 = (array.astype("float64") for array in (Z, A, dA))
    expected = reference.activation_backward(name, Z64, A64, dA64, registry.activations[name].parameter)
    assert_allclose(dZ, expected, **tolerance(dtype, 5))


@every_activation
def test_derivative_is_that_of_the_function(name, rng):
    """Central differences of fourth order along a random direction of dA."""
    Z = rng.normal(size=(6, 4))
    Z[np.abs(Z) < 0.05] = 0.3  # away from the kinks
    dA, direction, h = rng.normal(size=Z.shape), rng.normal(size=Z.shape), 1e-3

    def value(step):
        A = np.empty_like(Z)
        _kernels.activation_forward(name, Z + step * direction, A)
        return (A * dA).sum()

    A, dZ = np.empty_like(Z), dA.copy()
    _kernels.activation_forward(name, Z, A)
    _kernels.activation_backward(name, Z, A, dZ)
    differences = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    assert_allclose((dZ * direction).sum(), differences, rtol=1e-8, atol=1e-9)


LARGEST_ERROR = {"exponential": 1.0, "tanh": 2.0, "sigmoid": 3.0}  # in units of the last place


@every_dtype
@pytest.mark.parametrize("name", LARGEST_ERROR)
def test_accuracy_over_the_whole_range(name, dtype, rng):
    """Against NumPy one precision higher; the results that are no normal numbers any more may be off by the least of these."""
    tiny, ends = (1.2e-38, [1, 10, 88]) if dtype == "float32" else (2.3e-308, [1, 10, 700])
    Z = np.concatenate([rng.uniform(-end, end, 100_000) for end in ends]).astype(dtype)[None]
    A = np.empty_like(Z)
    _kernels.activation_forward(name, Z, A)
    wide = Z.astype("float64" if dtype == "float32" else "longdouble")
    exact = {"exponential": np.exp, "tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[name](wide)
    error = np.abs(A - exact)
    assert (error <= LARGEST_ERROR[name] * np.spacing(np.abs(exact).astype(dtype)) + 2 * tiny * (np.abs(exact) < tiny)).all()


LIMITS = {  # name: values at -inf, -1e4, 0, 1e4, inf; nan where it does not matter
    "elu": (-1, -1, 0, 1e4, np.inf),
    "selu": (-1.7580993408473766, -1.7580993408473766, 0, 10507.009873554805, np.inf),
    "softplus": (0, 0, np.log(2), 1e4, np.inf),
    "softsign": (np.nan, -1e4 / 10001, 0, 1e4 / 10001, np.nan),
    "hard_sigmoid": (0, 0, 0.5, 1, 1),
    "hard_tanh": (-1, -1, 0, 1, 1),
    "relu6": (0, 0, 0, 6, 6),
    "gelu": (np.nan, 0, 0, 1e4, np.inf),
    "gelu_tanh": (np.nan, 0, 0, 1e4, np.inf),
    "silu": (np.nan, 0, 0, 1e4, np.inf),
    "mish": (np.nan, 0, 0, 1e4, np.inf),
    "sine": (np.nan, np.sin(-1e4), 0, np.sin(1e4), np.nan),
    "mean_variance": (-np.inf, -1e4, 0, 1e4, np.inf),  # the mean
    "identity": (-np.inf, -1e4, 0, 1e4, np.inf),
    "sign": (-1, -1, 1, 1, 1),
    "sigmoid": (0, 0, 0.5, 1, 1),
    "tanh": (-1, -1, 0, 1, 1),
    "relu": (0, 0, 0, 1e4, np.inf),
    "leaky_relu": (-np.inf, -100, 0, 1e4, np.inf),
    "exponential": (0, 0, 1, np.inf, np.inf),
    "softmax": (1, 1, 1, 1, 1),  # of one unit
    "prelu": (-np.inf, -2500, 0, 1e4, np.inf),
}


@every_dtype
@every_activation
def test_activation_far_out(name, dtype):
    Z = np.array([[-np.inf], [-1e4], [0], [1e4], [np.inf]], dtype=dtype)
    Z = np.repeat(Z, 2, axis=1) if name == "mean_variance" else Z
    A = np.empty_like(Z)
    _kernels.activation_forward(name, Z, A)
    expected = np.array(LIMITS[name])
    matters = ~np.isnan(expected)
    assert_allclose(A[matters, 0], expected[matters], rtol=1e-6)
    _kernels.activation_forward(name, np.full((2, 4), np.nan, dtype), A := np.zeros((2, 4), dtype))
    assert np.isnan(A).all() or name == "sign"


@every_dtype
def test_softmax_far_out(dtype):
    Z = np.array([[1e4, -1e4, 0], [np.inf, 0, 1e4], [-np.inf, 2, 2], [1e4, 1e4, 1e4]], dtype=dtype)
    A = np.empty_like(Z)
    _kernels.activation_forward("softmax", Z, A)
    assert_allclose(A, [[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5], [1 / 3] * 3], rtol=1e-6)


def test_leaky_relu_takes_its_slope():
    Z, A = np.array([[-2.0, 3.0]]), np.empty((1, 2))
    _kernels.activation_forward("leaky_relu", Z, A, 0.25)
    assert_array_equal(A, [[-0.5, 3.0]])
    dZ = np.ones((1, 2))
    _kernels.activation_backward("leaky_relu", Z, A, dZ, 0.25)
    assert_array_equal(dZ, [[0.25, 1.0]])


# --- losses ---------------------------------------------------------------------------------------------------
@every_dtype
@every_loss
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [1, 3, 10])
def test_loss(name, n_targets, weighted, dtype, rng):
    P = rng.normal(scale=3, size=(9, n_targets * LOSSES[name].outputs_per_target)).astype(dtype)
    Y = targets_for(name, rng, *P.shape, dtype)
    weight = rng.uniform(0, 2, size=(9, 1)).astype(dtype) if weighted else None
    dP = np.empty_like(P)
    total = _kernels.loss_gradient(name, P, Y, dP, weight, 1 / 9, values_of(name))
    weight64 = None if weight is None else weight[:, 0].astype("float64")
    P64, Y64 = P.astype("float64"), Y.astype("float64")
    expected, expected_dP = reference.loss_gradient(name, P64, Y64, weight64, 1 / 9, values_of(name))
    factor = 1 + np.abs(P).max() if name in ("poisson", "gamma", "gaussian") else 1  # e^P has its error times P
    assert_allclose(total, expected, **tolerance(dtype, 10 * factor))
    assert_allclose(dP, expected_dP, **tolerance(dtype, factor))


@every_loss
def test_loss_gradient_is_that_of_the_loss(name, rng):
    P = rng.normal(size=(6, 3 * LOSSES[name].outputs_per_target))
    Y = targets_for(name, rng, *P.shape)
    P[np.abs(P) < 0.05] = 0.3
    for kink in (0, 0.7, -0.7):  # of the error; 0.7 is the delta of huber
        error = P - np.repeat(Y, P.shape[1] // Y.shape[1], axis=1)
        P[np.abs(error - kink) < 0.02] += 0.05
    direction, h, dP = rng.normal(size=P.shape), 1e-4, np.empty_like(P)

    def value(step):
        return _kernels.loss_gradient(name, P + step * direction, Y, np.empty_like(P), hyper=values_of(name))

    _kernels.loss_gradient(name, P, Y, dP, hyper=values_of(name))
    differences = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    assert_allclose((dP * direction).sum(), differences, rtol=1e-8, atol=1e-8)


def test_losses_by_hand():
    def of(name, P, Y, *hyper):
        dP = np.empty((1, len(P)))
        P, Y = np.array([P], float), np.array([Y], float)
        return _kernels.loss_gradient(name, P, Y, dP, hyper=hyper or losses.resolve(name).values), dP[0].tolist()

    assert of("squared_error", [0.75, 2], [1, 0]) == (0.5 * (0.0625 + 4), [-0.25, 2])
    assert of("absolute_error", [0.75, 2, 5], [1, 0, 5]) == (2.25, [-1, 1, 0])
    assert of("huber", [0.5, 4], [0, 1], 2.0) == (0.125 + 2 * 3 - 2, [0.5, 2])
    assert of("quantile", [1, 3, 3], [2], 3, 0.25, 0.5, 0.75) == (0.25 + 0.5 + 0.25, [-0.25, 0.5, 0.25])
    assert of("gaussian", [1, 0], [3]) == (2, [-2, -1.5])
    assert of("poisson", [0], [3]) == (1, [-2])
    assert of("gamma", [0], [3]) == (3, [-2])
    assert of("perceptron", [0.5, -2, 0], [1, 1, -1]) == (2, [0, -1, 1])  # a score of exactly 0 is a mistake
    loss, dZ = of("log_loss", [0], [1])
    assert_allclose([loss, *dZ], [np.log(2), -0.5])
    loss, dZ = of("cross_entropy", [0, np.log(3)], [1, 0])
    assert_allclose([loss, *dZ], [np.log(4), -0.75, 0.75])


@every_dtype
@pytest.mark.parametrize("name", ["log_loss", "cross_entropy", "perceptron"])
def test_losses_with_a_link_are_stable_at_any_score(name, dtype):
    off = registry.losses[name].off
    Z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype=dtype)
    Y = np.array([[1, off], [1, off]], dtype=dtype)
    dZ = np.empty_like(Z)
    right, wrong = (
        _kernels.loss_gradient(name, Z[i : i + 1], Y[i : i + 1], dZ[i : i + 1], hyper=losses.resolve(name).values)
        for i in range(2)
    )
    assert right == 0
    assert 1e4 <= wrong <= 2e4
    assert_allclose(np.abs(dZ), [[0, 0], [1, 1]], atol=1e-30)


# --- optimizers -----------------------------------------------------------------------------------------------
@every_dtype
@pytest.mark.parametrize("name", registry.optimizers)
def test_optimizer(name, dtype, rng):
    """A hundred updates on the same gradients."""
    optimizer, n = HYPER[name], 37
    hyper = dict(zip(registry.optimizers[name].hyper, numbers_of(optimizer)))
    state = np.zeros((registry.optimizers[name].n_slots, n), dtype)
    expected_state = [np.zeros(n) for _ in state]
    for t in range(1, 101):
        change = rng.normal(size=(1, n)).astype(dtype)
        expected, expected_state = reference.optimizer_change(name, change[0].astype("float64"), expected_state, hyper, t)
        _kernels.optimizer_change(name, change, state, numbers_of(optimizer), t)
        assert_allclose(change[0], expected, **tolerance(dtype, 2))


@pytest.mark.parametrize("name", registry.optimizers)
def test_optimizer_minimises(name):
    theta = np.array([[3.0, -2.0]])
    state = np.zeros((registry.optimizers[name].n_slots, 2))
    hyper = ({"adagrad": 0.5, "adadelta": 1.0}.get(name, 0.02), *numbers_of(HYPER[name])[1:])
    for t in range(1, 2001):
        change = theta * [1.0, 10.0]
        _kernels.optimizer_change(name, change, state, hyper, t)
        theta += change
    assert np.abs(theta).max() < 0.02


# --- random numbers -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 3, 10, 1001])
@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (2**63 + 5, 3), (2**64 - 1, 2**40)])
def test_permutation(n, seed, epoch):
    order = _kernels.permutation(n, seed, epoch)
    assert_array_equal(order, reference.permutation(n, seed, epoch))
    assert_array_equal(np.sort(order), np.arange(n))


def test_permutations_are_uniform():
    """All 24 orders of 4 samples, in 24,000 epochs: chi squared of 23 degrees of freedom, far inside its range."""
    counts = {}
    for epoch in range(24_000):
        order = tuple(_kernels.permutation(4, 7, epoch))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    chi_squared = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert 8 < chi_squared < 50
