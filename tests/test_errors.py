"""What users get wrong in trainings: the right exception, a message that helps, and nothing changed."""

import copy
import threading

import numpy as np
import pytest
from mistakes import INF, NAN, TAKE_Y, X, Y, at, classifier, first_key, refused, state, trained

import cmlp


# --- settings of a training -----------------------------------------------------------------------------------
class NotCompiled(cmlp.Optimizer):
    name = "mine"


@pytest.mark.parametrize("net", [classifier, trained])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size.*0"),
        ({"batch_size": -5}, "batch_size.*-5"),
        ({"batch_size": 1.5}, "batch_size.*1.5"),
        ({"batch_size": True}, "batch_size.*True"),
        ({"batch_size": "all"}, "batch_size.*'all'"),
        ({"epochs": 0}, "epochs.*0"),
        ({"epochs": 1.5}, "epochs.*1.5"),
        ({"epochs": INF}, "epochs.*inf"),
        ({"epochs": None}, "epochs.*None"),
        ({"shuffle": 1}, "shuffle.*1"),
        ({"shuffle": "yes"}, "shuffle.*'yes'"),
        ({"stopping": 3}, "stopping.*Stopping.*3"),
        ({"stopping": cmlp.Stopping}, "stopping.*Stopping"),
        ({"stopping": "early"}, "stopping.*'early'"),
        ({"verbose": -1}, "verbose.*-1"),
        ({"verbose": 2.5}, "verbose.*2.5"),
        ({"verbose": None}, "verbose.*None"),
        ({"n_threads": 0}, "n_threads.*0"),
        ({"n_threads": -1}, "n_threads.*-1"),
        ({"n_threads": 1.5}, "n_threads.*1.5"),
        ({"n_threads": True}, "n_threads.*True"),
        ({"n_threads": 10**9}, "n_threads.*1000000000"),
        ({"optimizer": "ADAMS"}, "optimizer.*'ADAMS'.*adam"),
        ({"optimizer": "adan"}, "optimizer.*'adan'.*'adam'"),
        ({"optimizer": None}, "optimizer.*None"),
        ({"optimizer": cmlp.Adam}, "optimizer.*Adam"),
        ({"optimizer": cmlp.Optimizer()}, "[Oo]ptimizer"),
        ({"optimizer": NotCompiled()}, "optimizer.*mine"),
        ({"sample_weight": np.ones(3)}, r"sample_weight.*12.*\(3,\)"),
        ({"sample_weight": np.ones((12, 1))}, r"sample_weight.*12.*\(12, 1\)"),
        ({"sample_weight": "balanced"}, "sample_weight.*12"),
        ({"sample_weight": np.ones(12, complex)}, "sample_weight.*complex128"),
        ({"sample_weight": at(np.ones(12), 7, -1)}, r"sample_weight\[7\].*-1.0"),
        ({"sample_weight": at(np.ones(12), 7, NAN)}, r"sample_weight\[7\].*nan"),
        ({"sample_weight": at(np.ones(12), 7, INF)}, r"sample_weight\[7\].*inf"),
        ({"sample_weight": np.full(12, np.longdouble("1e4000"))}, r"sample_weight\[0\].*inf"),
        ({"sample_weight": np.zeros(12)}, r"sample_weight.*\b0\b"),
        ({"validation_data": 5}, "validation_data.*int"),
        ({"validation_data": (X,)}, "validation_data"),
        ({"validation_data": (X, Y, Y, Y)}, "validation_data"),
        ({"validation_data": (X, Y, Y[:3])}, r"sample_weight.*12.*\(3,\)"),
        ({"validation_data": {"X": X, "y": Y}}, r"validation_data\['X'\] must be \(X, y\)"),
        ({"validation_data": X}, "validation_data.*ndarray"),
        ({"validation_data": (X[:, :2], Y)}, "X.*2.*3"),
        ({"validation_data": (X[:0], Y[:0])}, r"X.*\(0, 3\)"),
        ({"validation_data": (X, Y[:3])}, "y.*3.*12"),
        ({"validation_data": (X, Y + 7)}, r"\[0, 1, 2\].*7.*y\[0\]"),
        ({"validation_data": (at(X, (5, 1), NAN), Y)}, r"X\[5, 1\].*nan"),
        ({"validation_data": (X, None)}, r"\by\b.*None"),
    ],
    ids=first_key,
)
def test_settings_of_fit(net, settings, message):
    net = net()
    with refused(net, (TypeError, ValueError), message):
        net.fit(X, Y, **{"epochs": 1, **settings})


@pytest.mark.parametrize("method", ["fit", "step", "gradient", "cost", "score", "forward", "predict"])
def test_n_threads_of_every_method(method):
    net = classifier()
    with refused(net, ValueError, "n_threads.*0"):
        getattr(net, method)(*((X, Y) if method in TAKE_Y else (X,)), n_threads=0)


@pytest.mark.parametrize("method", TAKE_Y)
def test_sample_weight_of_every_method(method):
    net = classifier()
    with refused(net, ValueError, r"sample_weight\[2\].*-3"):
        getattr(net, method)(X, Y, sample_weight=at(np.ones(12), 2, -3))


@pytest.mark.parametrize("method", ["fit", "step", "gradient", "trace"])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_sign_as_output_has_no_gradient(method, loss):
    net = cmlp.Network([3, 4, 1], loss=loss, output="sign")
    with refused(net, ValueError, "'sign'.*loss='perceptron'"):
        getattr(net, method)(X, np.ones(12))
    assert np.isfinite(net.cost(X, np.ones(12)))


# --- at the wrong time ----------------------------------------------------------------------------------------
def test_fit_while_training():
    net, seen = classifier(), []

    def again():
        with pytest.raises(RuntimeError, match=r"train.*copy\(\)") as caught:
            net.fit(X, Y)
        seen.append(caught)

    def report(history, epochs):
        again()
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()

    net.fit(X, Y, epochs=2, verbose=report)
    assert len(seen) == 4
    alone = classifier()
    alone.fit(X, Y, epochs=2)
    assert net.theta.tobytes() == alone.theta.tobytes()


def test_reset_while_training():
    net, seen = classifier(), []

    def report(history, epochs):
        with refused(net, RuntimeError, "train"):
            net.reset()
        seen.append(history)

    net.fit(X, Y, epochs=2, verbose=report)
    assert len(seen) == 2
    assert len(net.history) == 2


def test_other_calls_while_training_change_nothing():
    net = classifier()

    def report(history, epochs):
        net.predict(X), net.cost(X, Y), net.gradient(X, Y), net.trace(X, Y), trained(net.copy())

    net.fit(X, Y, epochs=3, verbose=report)
    alone = classifier()
    alone.fit(X, Y, epochs=3)
    assert state(net)[:4] == state(alone)[:4]


def test_checking_the_validation_data_changes_nothing():
    """Not even for a moment: another thread may be predicting."""
    net, seen = classifier(), []

    class Watching:
        def __array__(self, dtype=None, copy=None):
            seen.append(net.classes)
            return X

    net.fit(X, Y, epochs=1, validation_data=(Watching(), Y))
    assert [labels is None for labels in seen] == [True]


def test_a_report_that_raises():
    net = classifier()
    with pytest.raises(ZeroDivisionError):
        net.fit(X, Y, epochs=3, verbose=lambda history, epochs: 1 / 0)
    assert len(net.history) == 1
    net.fit(X, Y, epochs=1)


# --- a network that was tampered with -------------------------------------------------------------------------
def test_theta_of_nan():
    net = trained()
    net.theta[:] = NAN
    with refused(net, FloatingPointError, "theta"):
        net.gradient(X, Y)
    with refused(net, ValueError, r"theta\[0\].*nan.*reset\(\)"):
        net.fit(X, Y)
    with refused(net, FloatingPointError, r"X\[0\].*nan"):
        net.predict(X)
    assert np.isnan(net.theta).all()
    net.reset()
    trained(net)


def test_assigning_to_theta_writes_into_the_buffer():
    net = classifier()
    buffer, values = net.theta, np.linspace(-1, 1, net.n_params)
    net.theta = values
    assert net.theta is buffer
    assert np.array_equal(buffer, values.astype("float32"))
    for wrong in (values[:-1], values[:, None], values.astype(str)):
        with refused(net, ValueError, rf"theta.*\({net.n_params},\)"):
            net.theta = wrong


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, cmlp.Network.copy])
def test_training_a_twin_leaves_the_network_alone(twin_of):
    net = trained()
    before = state(net)
    trained(twin_of(net))
    assert state(net) == before
