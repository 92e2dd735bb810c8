"""The same numbers give the same bits, whatever array they come in; arrays are read where they lie, and never written to."""

import pickle
import tracemalloc

import numpy as np
import pytest
from common import DTYPES, flat, slow, tolerance

import cmlp
from cmlp import reference

SWAPPED = [np.dtype(name).newbyteorder("S") for name in "hHiIqQefdg"]
REAL = [np.dtype(name) for name in "?bBhHiIlLqQefdg"] + SWAPPED


def random_matrix(rng, dtype, n_rows=23, n_columns=5):
    """Numbers from the whole range of an integer dtype, normal ones in a float dtype."""
    dtype, shape = np.dtype(dtype), (n_rows, n_columns)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype.newbyteorder("="), endpoint=True).astype(dtype)
    numbers = rng.normal(size=shape)
    return (numbers > 0 if dtype.kind == "b" else numbers).astype(dtype)


def results(X, y, dtype="float32", loss="cross_entropy", n_outputs=3, **settings):
    """All that a network says of X and y, before and after a training: what is computed from them, and the scores."""
    net = cmlp.Network([np.shape(X)[1], 4, n_outputs], "tanh", loss, dtype=dtype, seed=3, **settings)
    cost, dtheta = net.gradient(X, y)
    before = net.forward(X).tobytes(), net.cost(X, y), cost, dtheta.tobytes()
    history = net.fit(X, y, batch_size=5, epochs=2, validation_data=(X, y))
    after = net.step(X, y), net.theta.tobytes(), net.forward(X).tobytes()
    return (before, history.loss, history.val_loss, after), (history.val_score, net.score(X, y))


# --- dtypes and layouts ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", REAL, ids=lambda dtype: dtype.str)
def test_every_real_dtype(rng, given, dtype):
    X = random_matrix(rng, given)
    y = np.arange(len(X)) % 3
    scale = 1.0 if given.kind in "bf" else 1 / np.iinfo(given).max
    assert results(X, y, dtype, input_scale=scale) == results(X.astype(dtype), y, dtype, input_scale=scale)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_of_half_precision(dtype):
    """Denormal ones too; a network of one weight, which is 1, puts them out again."""
    X = np.arange(2**16, dtype=np.uint16).view(np.float16)[:, None]
    X = X[np.isfinite(X)[:, 0]]
    net = cmlp.Network([1, 1], loss="squared_error", init=[[[1.0]]], dtype=dtype)
    assert (net.forward(X) == X.astype(dtype)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", REAL, ids=lambda dtype: dtype.str)
def test_targets_of_every_real_dtype(rng, given, dtype):
    X, Y = rng.normal(size=(23, 5)), random_matrix(rng, given, n_columns=3)
    if given.kind in "iu":
        Y //= given.type(np.iinfo(given).max // 8)
    computed, _ = results(X, Y, dtype, "squared_error")  # the scores are by Y as it was given
    assert computed == results(X, Y.astype(dtype), dtype, "squared_error")[0]


def strided(array):
    return np.repeat(np.repeat(array, 2, axis=0), 3, axis=1)[::2, ::3]


def backwards(array):
    return array[::-1, ::-1].copy()[::-1, ::-1]


def unaligned(array):
    room = np.zeros(array.nbytes + 1, np.uint8)
    view = room[1:].view(array.dtype).reshape(array.shape)
    view[:] = array
    return view


def field_of_records(array):
    """The rows of one field: unaligned, with a stride that is no multiple of an item."""
    records = np.zeros(len(array), np.dtype([("head", "u1"), ("row", array.dtype, array.shape[1:]), ("tail", "u1")]))
    records["row"] = array
    return records["row"]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


class Subclass(np.ndarray):
    pass


class Lookalike:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "strided": strided,
    "strided, Fortran order": lambda array: strided(array.T).T,
    "negative strides": backwards,
    "columns backwards": lambda array: array[:, ::-1].copy()[:, ::-1],
    "part of a larger array": lambda array: np.pad(array, 2)[2:-2, 2:-2],
    "unaligned": unaligned,
    "field of records": field_of_records,
    "read-only": read_only,
    "subclass": lambda array: array.view(Subclass),
    "masked, nothing hidden": lambda array: np.ma.masked_array(array, mask=False),
    "lookalike": Lookalike,
    "lists": np.ndarray.tolist,
    "tuple of arrays": tuple,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", ["float32", "uint8", *slow("float64", np.dtype("f8").newbyteorder("S"))], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(rng, layout, given, dtype):
    X = random_matrix(rng, given)
    Y = random_matrix(rng, given, n_columns=3)
    there = [LAYOUTS[layout](X), LAYOUTS[layout](Y)]
    assert results(X if layout != "lists" else np.array(X.tolist()), Y, dtype, "absolute_error") == results(
        *there, dtype, "absolute_error"
    )
    for array, numbers in zip(there, (X, Y)):
        np.testing.assert_array_equal(np.asarray(array), numbers)


def test_repeated_rows_and_columns_without_memory(rng):
    X, y = rng.normal(size=(1, 5)), np.arange(23) % 3
    row, column = np.broadcast_to(X, (23, 5)), np.broadcast_to(X[:, :1], (23, 5))
    assert results(row, y) == results(row.copy(), y)
    assert results(column, y) == results(column.copy(), y)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrix_class(rng):
    X, y = rng.normal(size=(23, 5)), np.arange(23) % 2
    expected = results(X, y, loss="log_loss", n_outputs=1)
    assert results(np.matrix(X), np.matrix(y).T, loss="log_loss", n_outputs=1) == expected


@pytest.mark.parametrize("given", ["float32", "float64", "uint8"])
def test_memory_mapped(rng, tmp_path, given):
    X, y = random_matrix(rng, given), np.arange(23) % 3
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    there = [np.load(tmp_path / name, mmap_mode="r") for name in ("X.npy", "y.npy")]
    assert results(*there) == results(X, y)


def test_data_frames(rng):
    pandas = pytest.importorskip("pandas")
    X, y = rng.normal(size=(23, 5)), np.arange(23) % 3
    frame = pandas.DataFrame(X, columns=list("abcde"), index=np.arange(23)[::-1])
    mixed = pandas.DataFrame({"a": X[:, 0].astype("f4"), "b": np.arange(23), "c": np.arange(23, dtype="u1"), "d": X[:, 1]})
    assert results(frame, pandas.Series(y)) == results(X, y)
    assert results(frame, pandas.DataFrame(np.eye(3)[y])) == results(X, np.eye(3)[y])
    assert results(mixed, pandas.Series(y, dtype="Int64")) == results(mixed.to_numpy(), y)


# --- labels ---------------------------------------------------------------------------------------------------
def series(values):
    return pytest.importorskip("pandas").Series(values, index=np.arange(len(values))[::-1])


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 2],
        [-7, 0, 3],
        [-3.0, 1.0, 2.0],
        [0.0, 1.0, 2.0],
        ["ant", "bee", "cicada"],
        [b"ant", b"bee", b"cicada"],
        [2**53, 2**53 + 1, 2**53 + 2],
        np.array([0, 1, 2**64 - 1], np.uint64),
        np.array([0, 1, 2], np.uint8),
        np.array([0, 1, 2], np.float16),
        np.array([0, 1, 2], np.longdouble),
        np.array([-1, 0, 1], np.dtype("i2").newbyteorder("S")),
        np.array(["ant", "bee", "cicada"], dtype=object),
        np.array([-1, 10**30, 10**40], dtype=object),
        np.array(["2020-01-01", "2020-01-02", "2021-01-01"], "M8[D]"),
        [False, True],
        np.array([False, True], dtype=object),
        ["no", "yes"],
        [-1, 1],
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [list, strided, *slow(np.asarray, series, Lookalike)])
def test_labels_of_every_kind(labels, form):
    X, codes = np.random.default_rng(0).normal(size=(23, 5)), np.arange(23) % len(labels)
    y = np.asarray(labels)[codes]
    given = strided(y[:, None])[:, 0] if form is strided else form(y)
    kept = np.array(given)
    loss, n_outputs = ("log_loss", 1) if len(labels) == 2 else ("cross_entropy", 3)
    assert results(X, given, loss=loss, n_outputs=n_outputs) == results(X, codes, loss=loss, n_outputs=n_outputs)
    net = cmlp.Network([5, n_outputs], loss=loss)
    net.fit(X, given, epochs=3)
    assert net.classes.tolist() == np.unique(kept).tolist()
    assert net.predict(X).dtype == net.classes.dtype
    assert net.score(X, given) == np.mean(net.predict(X) == kept)
    np.testing.assert_array_equal(np.asarray(given), kept)


@pytest.mark.parametrize("y", [[[0], [1]] * 11, np.array([[0.0], [1.0]] * 11), np.array([["no"], ["yes"]] * 11)])
@pytest.mark.parametrize("loss", ["log_loss", "perceptron"])
def test_a_column_of_labels_for_one_output(rng, y, loss):
    X = rng.normal(size=(22, 5))
    expected = results(X, np.asarray(y)[:, 0], loss=loss, n_outputs=1)
    assert results(X, y, loss=loss, n_outputs=1) == expected


@pytest.mark.parametrize("kind", [float, bool, object, np.uint64, np.int8, "f2"])
def test_labels_that_are_equal_are_the_same(rng, kind):
    """1, 1.0 and True, whichever came first."""
    X, y = rng.normal(size=(22, 5)), np.arange(22) % 2
    for first, later in ((y, y.astype(kind)), (y.astype(kind), y)):
        net = cmlp.Network([5, 1], loss="log_loss")
        net.fit(X, first, epochs=2)
        assert net.cost(X, later) == net.cost(X, first)
        assert net.score(X, later) == net.score(X, first)


def test_labels_beyond_the_whole_numbers_of_a_float(rng):
    X, y = rng.normal(size=(24, 5)), np.tile([2**53, 2**53 + 1, 2**53 + 2], 8)
    net = cmlp.Network([5, 3])
    net.fit(X, y, epochs=1)
    assert net.cost(X, y.astype(np.uint64)) == net.cost(X, y)


def test_classes_given_in_any_order(rng):
    X, y = rng.normal(size=(22, 5)), np.array(["bee", "ant"] * 11)
    net = cmlp.Network([5, 3], classes=["cicada", "bee", "ant"])
    net.fit(X, y, epochs=1)
    assert net.classes.tolist() == ["ant", "bee", "cicada"]
    assert net.cost(X, y) == net.cost(X, np.eye(3)[[1, 0] * 11])


@pytest.mark.parametrize(
    ("loss", "y", "classes"),
    [
        ("log_loss", [0], [0, 1]),
        ("log_loss", [1.0], [0, 1]),
        ("log_loss", [True], [False, True]),
        ("log_loss", [False], [False, True]),
        ("perceptron", [1], [-1, 1]),
        ("perceptron", [-1.0], [-1, 1]),
        ("perceptron", [0], [0, 1]),
    ],
)
def test_one_class_at_first(rng, loss, y, classes):
    """As when samples come one by one: the other class of the usual two is known all the same."""
    net = cmlp.Network([5, 1], loss=loss)
    for label in (y, classes[:1], classes[1:]):
        net.step(rng.normal(size=(1, 5)), label)
        assert net.classes.tolist() == classes


@pytest.mark.parametrize("value", [0.1, 0.3, 1e-30, 7, -1e30])
def test_r2_of_a_constant(value):
    """1 if it is met exactly, else 0."""
    X, y = np.zeros((10, 2)), np.full(10, value)
    net = cmlp.Network([2, 1], loss="squared_error", dtype="float64")
    assert net.score(X, y) == 0
    net.theta[-1] = value
    assert net.score(X, y) == 1


# --- scale, sizes ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
def test_input_scale(rng, dtype):
    X, y = rng.integers(0, 256, (50, 6), dtype=np.uint8), np.arange(50) % 3
    scaled = cmlp.Network([6, 4, 3], dtype=dtype, input_scale=1 / 255)
    plain = cmlp.Network([6, 4, 3], dtype=dtype)
    np.testing.assert_allclose(scaled.forward(X), plain.forward(X / 255), **tolerance(dtype))
    np.testing.assert_allclose(scaled.gradient(X, y)[1], plain.gradient(X / 255, y)[1], **tolerance(dtype))
    np.testing.assert_allclose(scaled.trace(X, y).X, X / 255, **tolerance(dtype))
    for net, inputs in ((scaled, X), (plain, X / 255)):
        net.fit(inputs, y, epochs=3, batch_size=7, optimizer=cmlp.SGD(0.1))
    np.testing.assert_allclose(scaled.theta, plain.theta, **tolerance(dtype, 30))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_batches_larger_than_the_data(rng, optimizer):
    X, y = rng.normal(size=(23, 5)), np.arange(23) % 3
    trained = []
    for batch_size in (None, 23, 24, 10**6, 10**30):
        net = cmlp.Network([5, 4, 3])
        net.fit(X, y, batch_size=batch_size, epochs=3, optimizer=optimizer)
        trained.append(net.theta.tobytes())
    assert len(set(trained)) == 1


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "perceptron"])
@pytest.mark.parametrize("sizes", [[1, 1], [1, 3, 1], [4, 3, 1]])
@pytest.mark.parametrize("n_samples", [1, 2, 65, 5000])
def test_gradient_is_the_reference(rng, loss, sizes, n_samples):
    """One sample, one feature, and 5,000 samples, which pass through the work space in two chunks."""
    classes = [-1, 1] if loss == "perceptron" else [0, 1]
    net = cmlp.Network(sizes, "tanh", loss, dtype="float64", classes=None if loss == "squared_error" else classes)
    X, y = rng.normal(size=(n_samples, sizes[0])), np.array(classes)[rng.integers(0, 2, n_samples)]
    start = net.theta.copy()
    cost, dtheta = net.gradient(X, y)
    expected_cost, expected = reference.gradient(net.layers, X, y[:, None].astype(float), loss)
    np.testing.assert_allclose(cost, expected_cost, rtol=1e-12)
    np.testing.assert_allclose(dtheta, flat(expected), rtol=1e-12, atol=1e-14)
    net.fit(X, y, batch_size=None, epochs=1, optimizer=cmlp.SGD(0.1))
    np.testing.assert_allclose(net.theta, start - 0.1 * flat(expected), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", ["float64", "uint8"])
def test_forward_of_many_rows_is_the_reference(rng, given, dtype):
    X = rng.integers(0, 5, (10_000, 6)).astype(given)
    net = cmlp.Network([6, 5, 3], "sigmoid", dtype=dtype)
    expected = reference.forward(net.layers, X.astype("float64"))[-1].A
    np.testing.assert_allclose(net.forward(X), expected, **tolerance(dtype))


# --- memory ---------------------------------------------------------------------------------------------------
def peak_of(call):
    """The most memory that a call had at once, in bytes, beyond what was there before it."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


LARGE = {
    "uint8": lambda: np.zeros((50_000, 800), np.uint8),
    "uint8, Fortran order": lambda: np.zeros((50_000, 800), np.uint8, order="F"),
    "float64": lambda: np.zeros((6_250, 800)),
    "float64, half of the columns": lambda: np.zeros((6_250, 1600))[:, ::2],
    "float64, of the other byte order": lambda: np.zeros((6_250, 800), np.dtype("f8").newbyteorder("S")),
}


@pytest.mark.parametrize("kind", [*list(LARGE)[:2], *slow(*list(LARGE)[2:])])
@pytest.mark.parametrize("method", ["fit", "predict", "score", "gradient", "validation"])
def test_data_are_not_copied(kind, method):
    X = LARGE[kind]()
    y = np.zeros(len(X), np.uint8)
    net = cmlp.Network([800, 2, 1], loss="log_loss", classes=[0, 1])
    calls = {
        "fit": lambda: net.fit(X, y, batch_size=1024, epochs=1),
        "predict": lambda: net.predict(X[:6000]),
        "score": lambda: net.score(X[:6000], y[:6000]),
        "gradient": lambda: net.gradient(X[:1000], y[:1000]),
        "validation": lambda: net.fit(X[:500], y[:500], epochs=1, validation_data=(X[:1000], y[:1000])),
    }
    assert peak_of(calls[method]) < (X.size * X.itemsize) / (8 if method == "fit" else 2)


@pytest.mark.slow
def test_work_spaces_of_all_sizes_are_not_kept():
    """A stream of batches, each of another length."""
    net, X = cmlp.Network([100, 50, 3]), np.zeros((300, 100), np.uint8)
    net.predict(X)
    tracemalloc.start()
    try:
        for n_rows in range(1, len(X)):
            net.predict(X[:n_rows])
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 20 * 300 * (100 + 2 * 50 + 3 * 3) * 4


def test_a_network_that_was_away_goes_on_as_if_it_had_not(rng):
    X, y = rng.normal(size=(23, 5)), np.array(["a", "b", "c"] * 8)[:23]
    net = cmlp.Network([5, 4, 3], seed=np.random.default_rng(2))
    net.fit(X, y, batch_size=4, epochs=2)
    twins = [pickle.loads(pickle.dumps(net)), net.copy()]
    for each in (net, *twins):
        each.fit(X, y, batch_size=4, epochs=2)
        each.reset()
    for twin in twins:
        assert twin.theta.tobytes() == net.theta.tobytes()
        assert twin.predict(X).tolist() == net.predict(X).tolist()
