"""A sparse X: the same numbers as a dense one, and nothing made dense."""

import numpy as np
import pytest
import scipy.sparse
from common import DTYPES, HYPER, flat, reference_fit, run_python, slow, targets_for, tolerance
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import inspection, reference

SETTINGS = {
    "plain": {},
    "wide": {"sizes": [300, 400, 90, 3]},
    "no hidden layer": {"sizes": [60, 3]},
    "residual from X": {"sizes": [60, 60, 20, 3], "residual": [1, 2]},
    "everything": {"norm": "batch", "dropout": 0.3, "residual": [1, 2], "activation": "prelu"},
}
every = pytest.mark.parametrize("name", SETTINGS)


def network(name, dtype="float64"):
    settings = {"sizes": [60, 30, 20, 3], "activation": "tanh"} | SETTINGS[name]
    return cmlp.Network(**settings, dtype=dtype, input_scale=0.5)


def problem(rng, n_features, n=70, dtype="float64", density=0.1):
    X = scipy.sparse.random_array((n, n_features), density=density, rng=rng, format="csr", dtype="float64").astype(dtype)
    X.data -= 0.3
    X.data[X.indptr[5] : X.indptr[6]] = 0
    X.eliminate_zeros()
    return X, targets_for("cross_entropy", rng, n, 3, dtype)


@pytest.mark.instruction_sets
@pytest.mark.parametrize("dtype", DTYPES)
@every
def test_a_pass_equals_the_reference(name, dtype, rng):
    net = network(name, dtype)
    X, Y = problem(rng, net.sizes[0], dtype=dtype)
    scaled = X.astype("float64") * 0.5
    draw = reference.Draw(net.shuffle_seed, 1)
    expected, gradients = reference.gradient(net.layers, scaled, Y, net.loss, draw=draw, training=True)
    cost, dtheta = net.gradient(X, Y, training=True)
    assert_allclose(cost, expected, **tolerance(dtype, 20))
    assert_allclose(dtheta, flat(gradients), **tolerance(dtype, 50))
    assert_allclose(net.forward(X), reference.forward(net.layers, scaled)[-1].A, **tolerance(dtype, 20))
    assert_allclose(net.forward(X), net.forward(X.toarray()), **tolerance(dtype, 20))


@pytest.mark.parametrize("dtype", ["float32", *slow("float64")])
@every
def test_training_equals_that_of_a_dense_X(name, dtype, rng):
    one, two = network(name, dtype), network(name, dtype)
    X, Y = problem(rng, one.sizes[0], dtype=dtype)
    expected = reference_fit(one, X, Y, HYPER["sgd"], batch_size=16, epochs=3)
    history = one.fit(X, Y, optimizer=HYPER["sgd"], batch_size=16, epochs=3, validation_data=(X, Y))
    dense = two.fit(X.toarray(), Y, optimizer=HYPER["sgd"], batch_size=16, epochs=3, validation_data=(X.toarray(), Y))
    assert_allclose(history.loss, expected[1], **tolerance(dtype, 200))
    assert_allclose(history.val_loss, dense.val_loss, **tolerance(dtype, 500))
    assert_allclose(one.variables, two.variables, **tolerance(dtype, 5000))


@every
def test_bits_do_not_depend_on_threads(name, rng, threads_for_any_work):
    X, Y = problem(rng, network(name).sizes[0], 200, "float32")
    results = []
    for n_threads in (1, 2, 3, 8):
        net = network(name, "float32")
        net.fit(X, Y, batch_size=64, epochs=2, n_threads=n_threads, gradient_accumulation_steps=2)
        results.append((net.variables.copy(), net.forward(X, n_threads=n_threads)))
    for result in results[1:]:
        for array, first in zip(result, results[0]):
            assert_array_equal(array, first)


@pytest.mark.parametrize(
    "kind", ["csr_matrix", "csr_array", "csc", "coo", "lil", "int64 indices", "unsorted", "duplicates", "uint8"]
)
def test_other_forms(kind, rng):
    X, Y = problem(rng, 60)
    if kind == "uint8":
        X = (X * 10).astype("uint8")
    given = {
        "csr_matrix": lambda: scipy.sparse.csr_matrix(X),
        "csr_array": lambda: X,
        "csc": X.tocsc,
        "coo": X.tocoo,
        "lil": X.tolil,
        "int64 indices": lambda: with_long_indices(X),
        "unsorted": lambda: unsorted(X),
        "duplicates": lambda: duplicated(X),
        "uint8": lambda: X,
    }[kind]()
    before = given.copy()
    one, two = network("plain"), network("plain")
    one.fit(given, Y, epochs=2)
    two.fit(X.toarray(), Y, epochs=2)
    assert_allclose(one.theta, two.theta, rtol=1e-9, atol=1e-12)
    assert (before != given).nnz == 0


def with_long_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def unsorted(X):
    X = X.copy()
    for row in range(X.shape[0]):
        piece = slice(X.indptr[row], X.indptr[row + 1])
        X.indices[piece], X.data[piece] = X.indices[piece][::-1].copy(), X.data[piece][::-1].copy()
    X.has_sorted_indices = False
    return X


def duplicated(X):
    half = scipy.sparse.csr_array((np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), X.indptr * 2), shape=X.shape)
    half.has_sorted_indices = True
    return half


def test_rows_of_nothing(rng):
    X, Y = scipy.sparse.csr_array((10, 60)), targets_for("cross_entropy", rng, 10, 3)
    assert_allclose(network("plain").forward(X), network("plain").forward(np.zeros((10, 60))))
    network("plain").fit(X, Y)


def test_lbfgs_and_gradient_checks(rng):
    X, Y = problem(rng, 60, 30)
    history = network("plain").fit(X, Y, optimizer="lbfgs", batch_size=None, epochs=5)
    assert history.loss[-1] < history.loss[0]
    assert inspection.check_gradients(network("everything"), X, Y, most=15).ok


@pytest.mark.slow
def test_nothing_is_made_dense():
    """Two million columns: dense rows would need 16 GB."""
    code = """
import numpy as np, scipy.sparse, cmlp, resource
X = scipy.sparse.random_array((2000, 2_000_000), density=1e-5, rng=np.random.default_rng(0), format="csr", dtype="float32")
net = cmlp.Network([2_000_000, 4, 2], init="normal")
net.fit(X, np.arange(2000) % 2, optimizer="sgd", batch_size=500, epochs=1)
net.predict(X)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1500


def test_a_flag_of_scipy_that_is_out_of_date(rng):
    """Columns renumbered in place: scipy still says that they are sorted."""
    X, Y = problem(rng, 60)
    assert X.has_sorted_indices
    X.indices = rng.permutation(60).astype(X.indices.dtype)[X.indices]
    dense = X.toarray()
    one, two = network("plain"), network("plain")
    one.fit(X, Y, epochs=2)
    two.fit(dense, Y, epochs=2)
    assert_allclose(one.theta, two.theta, rtol=1e-9, atol=1e-12)
    assert_array_equal(X.toarray(), dense)


# --- errors ---------------------------------------------------------------------------------------------------
def broken(rng, **parts):
    X, _ = problem(rng, 60)
    for name, value in parts.items():
        setattr(X, name, value)
    return X


def test_a_damaged_matrix_is_refused(rng):
    X, Y = problem(rng, 60)
    far, negative, long = X.indices.copy(), X.indices.copy(), X.indptr.copy()
    far[3], negative[3] = 10**6, -1
    long[4] = 10**6
    for parts in ({"indices": far}, {"indices": negative}, {"indptr": long}):
        with pytest.raises(ValueError, match=r"X.*indptr.*indices.*\(70, 60\)"):
            network("plain").fit(broken(rng, **parts), Y)


def test_what_else_is_refused(rng):
    X, Y = problem(rng, 60)
    with pytest.raises(ValueError, match=r"X.*300.*\(70, 60\)"):
        network("wide").fit(X, Y)
    with pytest.raises(ValueError, match=r"X.*\(0, 60\)"):
        network("plain").predict(X[:0])
    with pytest.raises(ValueError, match=r"input_noise.*input_dropout.*X"):
        cmlp.Network([60, 3], input_dropout=0.1).fit(X, Y)
    with pytest.raises(TypeError, match=r"X.*complex128"):
        network("plain").predict(X.astype(complex))
    with pytest.raises(TypeError, match=r"X.*toarray\(\)"):
        network("plain").trace(X, Y)
    bad = X.copy()
    bad.data[7] = np.nan
    row = int(np.searchsorted(bad.indptr, 7, side="right")) - 1
    with pytest.raises(ValueError, match=rf"X\[{row}, {bad.indices[7]}\].*nan"):
        network("plain").fit(bad, Y)
    large = X.copy()
    large.data[0] = 1e39
    with pytest.raises(ValueError, match=r"X\[0, \d+\].*1e\+39.*float32"):
        network("plain", "float32").fit(large, Y)
