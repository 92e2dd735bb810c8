"""How many threads a call gets: the rule as a function of shapes and of what else runs, and n_threads on its way there."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse

import cmlp
from cmlp import _core
from cmlp._samples import Samples
from cmlp.data.samples import make_inputs
from cmlp.runtime import neighbours, threads

pytestmark = pytest.mark.skipif(not _core.openmp, reason="built without OpenMP: there is one thread")

ROWS = {"8-16-3": [8, 16, 3], "64-64-10": [64, 64, 10], "784-512-256-10": [784, 512, 256, 10]}


@pytest.fixture
def machine(monkeypatch):
    """machine(idle) has 8 processors, of which so many are idle."""
    looks = []
    monkeypatch.setattr(threads, "available", lambda: 8)

    def set_up(idle):
        monkeypatch.setattr(neighbours, "idle_processors", lambda: looks.append(idle) or idle)
        return looks

    return set_up


def of_pass(sizes, n_rows, n_threads=None):
    net = cmlp.Network(sizes)
    with net._engines.take(n_rows) as engine:
        return threads.for_pass(engine, inputs(net, n_rows), n_threads)


def inputs(net, n_rows):
    row = np.zeros((1, net.sizes[0]), net.dtype)
    return Samples(np.broadcast_to(row, (n_rows, net.sizes[0])))


# --- worth -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("between", "tiles", "n_threads", "expected"),
    [
        (1000, 100, 8, 1),
        (2 * threads.WORK_PER_THREAD - 1, 100, 8, 1),
        (2 * threads.WORK_PER_THREAD, 100, 8, 2),
        (10**9, 1, 8, 1),
        (10**9, 3, 8, 3),
        (10**9, 100, 8, 8),
        (10**9, 100, 1, 1),
        (10**9, 100, None, 5),
    ],
)
def test_what_work_is_worth(between, tiles, n_threads, expected, monkeypatch):
    monkeypatch.setattr(threads, "available", lambda: 5)
    assert threads.worth(between, tiles, n_threads) == expected


@pytest.mark.parametrize("n_rows", [1, 300, 10_000])
@pytest.mark.parametrize("sizes", ROWS.values(), ids=ROWS)
def test_the_work_of_shapes(sizes, n_rows):
    net = cmlp.Network(sizes)
    with net._engines.take(n_rows) as engine:
        total, between, tiles = engine.load(inputs(net, n_rows), n_rows)
        rows = min(n_rows, engine.capacity)
        parameters = sum(a * b + b for a, b in itertools.pairwise(sizes))
        assert total == n_rows * (parameters + 20 * sum(sizes[1:]))
        assert between == total * rows // n_rows // (2 * len(sizes[1:]) if engine.by_layer else 1)
        assert tiles >= math.ceil(rows / engine.block_rows)


# --- a pass ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sizes", "n_rows"), [([8, 16, 3], 300), ([64, 64, 10], 3000), ([784, 100, 10], 200), ([784, 512, 256, 10], 30)]
)
def test_a_brief_pass_has_one_thread_and_does_not_look(sizes, n_rows, machine):
    looks = machine(8)
    assert of_pass(sizes, n_rows) == of_pass(sizes, n_rows, 8) == 1
    assert looks == []


@pytest.mark.parametrize("idle", [1, 2, 5, 8])
@pytest.mark.parametrize(
    ("sizes", "n_rows"),
    [
        ([64, 64, 10], 10_000),
        ([784, 100, 10], 1000),
        ([784, 512, 256, 10], 512),
        pytest.param([8, 16, 3], 2_000_000, id="long in all, brief between two barriers"),
    ],
)
def test_a_middle_pass_takes_idle_processors(sizes, n_rows, idle, machine):
    looks = machine(idle)
    assert of_pass(sizes, n_rows) == idle
    assert of_pass(sizes, n_rows, 2) == min(2, idle)
    assert of_pass(sizes, n_rows, 1) == 1
    assert looks == [idle, idle], "with one thread there is nothing to look for"


@pytest.mark.parametrize(("sizes", "n_rows"), [([64, 64, 10], 100_000), ([784, 512, 256, 10], 10_000)])
def test_a_long_pass_shares_the_processors(sizes, n_rows, machine):
    looks = machine(1)
    assert of_pass(sizes, n_rows) == 8
    assert of_pass(sizes, n_rows, 3) == 3
    assert looks == []


def test_training_is_for_the_pace_to_decide(machine):
    machine(1)
    net = cmlp.Network([64, 64, 10])
    with net._engines.take(200, training=True) as engine:
        assert threads.for_training(engine, inputs(net, 10**6), 200, None) == 7  # blocks of rows
        assert not threads.is_long(engine, inputs(net, 10**6), 200)
    net = cmlp.Network([1024, 2048, 2048, 10])
    with net._engines.take(512, training=True) as engine:
        assert threads.for_training(engine, inputs(net, 10**6), 512, None) == 8
        assert threads.is_long(engine, inputs(net, 10**6), 512)


@pytest.mark.parametrize("residual", [0, [0, 2]])
def test_a_sparse_pass_counts_what_is_stored(residual, machine):
    """20,000 features of which 50 are stored are a brief pass, not a long one; where X is read twice, twice as many."""
    looks = machine(1)
    X = scipy.sparse.random(300, 20_000, 0.0025, "csr", "float32", random_state=0)
    net = cmlp.Network([20_000, 100, 100, 3], residual=residual)
    samples = make_inputs(net, X)
    with net._engines.take(300, sparse=True) as engine:
        total, between, _ = engine.load(samples, 300)
        assert threads.for_pass(engine, samples, None) == 1
        assert not threads.is_long(engine, samples, 300)
    columns = sum(int(block["cols"]) for block in net.tables[1] if block["matrix"] and block["rows"] == 20_000)
    assert columns == (200 if residual else 100)
    assert total == 300 * (net.n_params + 20 * 203 - columns * (20_000 - 50))
    assert between == 300 * (net.n_params + 20 * 203) // 6
    assert looks == []


@pytest.mark.parametrize("n_threads", [0, -1, 2.5, "2", True])
def test_a_wrong_number_is_refused_however_small_the_work(n_threads):
    net = cmlp.Network([2, 3])
    with pytest.raises((TypeError, ValueError), match="n_threads must be an integer"):
        net.predict([[1.0, 2.0]], n_threads=n_threads)


# --- neighbours --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("running", "own", "expected"),
    [(1, 1, 8), (3, 1, 6), (3, 3, 8), (0, 1, 8), (2, 3, 8), (8, 1, 1), (9, 1, 1), (100, 1, 1), (100, 8, 1)],
)
def test_processors_left_over(running, own, expected):
    assert neighbours.left_over(8, running, own) == expected


def test_threads_that_still_look_for_work_are_no_neighbours(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(neighbours, "_last_region", (-math.inf, 0))
    monkeypatch.setattr(neighbours, "_SPIN", 0.01)
    monkeypatch.setattr(neighbours, "_running", lambda: 4)
    monkeypatch.setattr(neighbours.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(neighbours.time, "perf_counter", lambda: now[0])
    assert neighbours.idle_processors() == 1
    neighbours.note_region(3)
    assert neighbours.idle_processors() == 3
    now[0] += 0.006
    neighbours.note_region(1)  # ends nobody's search for work
    assert neighbours.idle_processors() == 3
    now[0] += 0.006
    assert neighbours.idle_processors() == 1


@pytest.mark.parametrize("text", [b"", b"1.0 2.0 3.0", b"1.0 2.0 3.0 none 5", None], ids=["empty", "short", "words", "missing"])
def test_a_system_that_does_not_say_counts_as_idle(text, monkeypatch, tmp_path):
    file = tmp_path / "loadavg"
    if text is not None:
        file.write_bytes(text)
    opened = neighbours.os.open
    monkeypatch.setattr(neighbours.os, "open", lambda path, flags: opened(file, flags))
    monkeypatch.setattr(neighbours.os, "cpu_count", lambda: 6)
    assert neighbours._running() == 0
    assert neighbours.idle_processors() == 6


def test_what_linux_says(monkeypatch, tmp_path):
    file = tmp_path / "loadavg"
    file.write_bytes(b"0.25 0.73 1.59 17/2087 15788\n")
    opened = neighbours.os.open
    monkeypatch.setattr(neighbours.os, "open", lambda path, flags: opened(file, flags))
    assert neighbours._running() == 17


# --- n_threads on its way ----------------------------------------------------------------------------------------
@pytest.fixture
def asked(monkeypatch):
    """The n_threads of every call, of training and of other passes, and how many threads those regions had."""
    found = {"training": [], "pass": [], "regions": []}

    def record(kind, n_threads):
        found[kind].append(n_threads)
        return 1

    monkeypatch.setattr(threads, "for_training", lambda engine, samples, n_rows, n_threads: record("training", n_threads))
    monkeypatch.setattr(threads, "for_pass", lambda engine, samples, n_threads: record("pass", n_threads))
    monkeypatch.setattr(neighbours, "note_region", found["regions"].append)
    return found


@pytest.mark.parametrize("n_threads", [None, 3])
@pytest.mark.parametrize(
    "method", ["forward", "logits", "predict", "predict_proba", "score", "cost", "gradient", "passes"], ids=str
)
def test_every_method_of_a_network(method, n_threads, asked, rng):
    X, y = rng.normal(size=(20, 4)), rng.integers(0, 2, 20)
    net = cmlp.Network([4, 6, 2], dropout=0.1, classes=[0, 1], loss="cross_entropy")
    if method == "passes":
        net.forward(X, passes=2, n_threads=n_threads)
    else:
        given = (X, y) if method in ("score", "cost", "gradient") else (X,)
        getattr(net, method)(*given, n_threads=n_threads)
    assert asked["pass"] == [n_threads] * (2 if method == "passes" else 1)
    assert asked["regions"] == [1] * len(asked["pass"])
    assert asked["training"] == []


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_training_and_its_validation_data(optimizer, asked, rng):
    X, y = rng.normal(size=(20, 4)), rng.integers(0, 2, 20)
    net = cmlp.Network([4, 6, 1], loss="log_loss")
    settings = {"optimizer": optimizer, "batch_size": None, "epochs": 3, "n_threads": 5}
    net.fit(X, y, validation_data=(X, y), **settings)
    assert asked["training"] == [5]
    assert set(asked["pass"]) == {5}
    assert len(asked["pass"]) >= 6, "a loss and a score after every epoch"


CLASSIFIER = ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"]
REGRESSOR = [("squared_error", "predict"), ("squared_error", "score"), ("gaussian", "predict_interval"), ("gaussian", "std")]
QUANTILES = [(cmlp.losses.Quantile((0.1, 0.9)), name) for name in ("predict", "predict_quantiles", "predict_interval")]


def called(model, method, X, y):
    if method == "std":
        return model.predict(X, return_std=True)
    return model.score(X, y) if method == "score" else getattr(model, method)(X)


def check_fitted_value(model, method, X, y, asked):
    """It counts from fit on, in copies and behind a set_params that no fit has followed."""
    model.fit(X, y)
    assert set(asked["training"]) == {3}
    asked["pass"].clear()
    called(model.set_params(n_threads=7), method, X, y)
    assert asked["pass"] == [3]
    called(model.fit(X, y), method, X, y)
    assert asked["pass"][-1] == asked["training"][-1] == 7


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("method", CLASSIFIER)
def test_a_classifier(method, asked, rng):
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 2, 30)
    check_fitted_value(cmlp.MLPClassifier((5,), max_iter=2, n_threads=3), method, X, y, asked)


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize(("loss", "method"), [*REGRESSOR, *QUANTILES], ids=lambda value: getattr(value, "name", value))
def test_a_regressor(loss, method, asked, rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    check_fitted_value(cmlp.MLPRegressor((5,), loss=loss, max_iter=2, n_threads=3), method, X, y, asked)


@pytest.mark.filterwarnings("ignore:Maximum iterations")
@pytest.mark.parametrize("scoring", [None, "balanced_accuracy"])
def test_early_stopping(scoring, asked, rng):
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
    model = cmlp.MLPClassifier((5,), max_iter=3, n_threads=3, early_stopping=True, scoring=scoring)
    model.fit(X, y)
    assert len(asked["pass"]) >= 3
    assert set(asked["pass"]) == {3}


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_partial_fit_and_what_training_overrides(asked, rng):
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 2, 30)
    model = cmlp.MLPClassifier((5,), max_iter=2, n_threads=3, training={"n_threads": 2}).partial_fit(X, y)
    model.predict(X)
    assert asked == {"training": [2], "pass": [2], "regions": asked["regions"]}
    model.set_params(training=None).partial_fit(X, y).predict(X)
    assert (asked["training"][-1], asked["pass"][-1]) == (3, 3)


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_a_refused_fit_changes_nothing(asked, rng):
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 2, 30)
    model = cmlp.MLPClassifier((5,), max_iter=2, n_threads=3).fit(X, y)
    with pytest.raises(ValueError, match="batch_size"):
        model.set_params(n_threads=4, batch_size=-1).fit(X, y)
    model.predict(X)
    assert asked["pass"] == [3]


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_saved_estimators(asked, rng, tmp_path):
    X, y = rng.normal(size=(30, 4)).astype("float32"), rng.integers(0, 2, 30)
    model = cmlp.MLPClassifier((5,), max_iter=2, n_threads=3).fit(X, y)
    cmlp.save(model, tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert asked["pass"] == [3, 3]


def test_a_model(asked, rng):
    X = rng.normal(size=(30, 4))
    model = cmlp.Model(cmlp.Network([4, 3, 1], loss="log_loss"))
    for method in (model.forward, model.logits, model.predict, model.predict_proba):
        method(X, n_threads=4)
    model.score(X, rng.integers(0, 2, 30), n_threads=4)
    assert asked["pass"] == [4] * 5
