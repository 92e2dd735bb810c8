"""X and y that cannot be learned from: the right exception, the place of what is wrong, and nothing changed."""

import numpy as np
import pytest
from mistakes import INF, NAN, ONE_HOT, TAKE_X, TAKE_Y, X, Y, at, classifier, refused, regressor, trained

import cmlp

HUGE = 2**45  # rows of a few bytes that no address space holds


# --- X --------------------------------------------------------------------------------------------------------
BAD_X = {
    "no samples": (X[:0], ValueError, r"X.*\(0, 3\)"),
    "empty list": ([], ValueError, r"X.*\(0,\)"),
    "vector": (X[0], ValueError, r"X.*\(3,\).*reshape\(1, -1\)"),
    "number": (1.0, ValueError, r"X.*\(\)"),
    "three axes": (X[None], ValueError, r"X.*\(1, 12, 3\)"),
    "narrow": (X[:, :2], ValueError, "X.*2.*3"),
    "no columns": (X[:, :0], ValueError, "X.*0.*3"),
    "nan": (at(at(X, (7, 2), INF), (5, 1), NAN), ValueError, r"X\[5, 1\].*nan"),
    "inf": (at(at(X, (7, 2), NAN), (5, 1), -INF), ValueError, r"X\[5, 1\].*-inf"),
    "nan in float32": (at(X.astype("f4"), (11, 2), NAN), ValueError, r"X\[11, 2\].*nan"),
    "inf in float16": (at(X.astype("f2"), (0, 0), INF), ValueError, r"X\[0, 0\].*inf"),
    "nan, strided": (at(X, (7, 2), NAN)[::-2, ::-1], ValueError, r"X\[2, 0\].*nan"),
    "beyond float32": (at(X, (4, 0), 1e39), ValueError, r"X\[4, 0\].*1e\+39.*float32"),
    "beyond float64": (np.full((12, 3), np.longdouble("1e4000")), ValueError, r"X\[0, 0\].*1e\+4000.*float32"),
    "complex": (X + 0j, TypeError, "X.*complex128"),
    "text": (X.astype(str), TypeError, "X.*<U"),
    "a word": ("abc", TypeError, "X.*<U3"),
    "objects": (at(X.astype(object), (5, 1), "five"), ValueError, r"column 1 must hold numbers.*'five'"),
    "whole numbers beyond 64 bits": ([[1, 2, 2**70]], TypeError, "X.*object"),
    "None": (None, TypeError, r"\bX\b.*None"),
    "generator": ((row for row in X), TypeError, "X.*(object|generator)"),
    "ragged": ([[1, 2, 3], [1, 2]], ValueError, r"\bX\b"),
    "masked": (np.ma.masked_array(X, mask=X > 0.5), ValueError, "column 0 must not be missing"),
}


@pytest.mark.parametrize("method", TAKE_X)
@pytest.mark.parametrize("name", BAD_X)
def test_bad_X(name, method):
    bad, exception, message = BAD_X[name]
    net = classifier()
    with refused(net, exception, message):
        getattr(net, method)(*((bad, Y) if method in TAKE_Y else (bad,)))


@pytest.mark.parametrize(
    ("dtype", "scale", "value", "message"),
    [
        ("float32", 1e30, 1e10, r"X\[5, 1\].*10000000000.0"),
        ("float64", 1e300, 1e10, r"X\[5, 1\].*10000000000.0"),
        ("float32", 1e30, 10**10, r"X\[5, 1\].*10000000000"),
    ],
)
def test_inputs_that_the_scale_makes_infinite(dtype, scale, value, message):
    net = classifier(dtype=dtype, input_scale=scale)
    with refused(net, ValueError, message):
        net.forward(at(np.zeros((12, 3), type(value)), (5, 1), value))


# --- y --------------------------------------------------------------------------------------------------------
def objects(*labels):
    return np.array(labels * 4, dtype=object)


def missing(value, *labels):
    """Twelve labels of which the third is missing."""
    return at(objects(*labels), 2, value)


BAD_LABELS = {
    "short": (Y[:5], ValueError, "y.*5.*12"),
    "number": (3, ValueError, r"y.*\(n_samples, 3\).*\(\)"),
    "generator": ((label for label in Y), ValueError, r"y.*shape.*\(\)"),
    "narrow": (ONE_HOT[:, :2], ValueError, r"y.*\(n_samples, 3\).*\(12, 2\)"),
    "one column": (Y[:, None], ValueError, r"y.*\(12, 1\)"),
    "three axes": (ONE_HOT[..., None], ValueError, r"y.*\(12, 3, 1\)"),
    "four classes": (np.arange(12) % 4, ValueError, r"4 classes.*\b0, 1, 2, 3\b.*3"),
    "two classes": (Y % 2 + 5, ValueError, r"2 classes.*\b5, 6\b.*3.*classes"),
    "halves": (at(Y.astype(float), 4, 0.5), ValueError, r"y\[4\].*0\.5"),
    "nan": (at(Y.astype(float), 4, NAN), ValueError, r"y\[4\].*nan"),
    "inf": (at(Y.astype(float), 4, INF), ValueError, r"y\[4\].*inf"),
    "text and None": (missing(None, "a", "b", "c"), (TypeError, ValueError), r"y\[2\].*None"),
    "text and nan": (missing(NAN, "a", "b", "c"), (TypeError, ValueError), r"y\[2\].*nan"),
    "text and numbers": (missing(3, "a", "b", "c"), (TypeError, ValueError), r"\by\b"),
    "numbers and nan": (missing(NAN, 0, 1, 2), (TypeError, ValueError), r"y\[2\].*nan"),
    "a list of text and nan": (missing(NAN, "a", "b", "c").tolist(), (TypeError, ValueError), r"\by\[2\].*nan"),
    "a list of text and numbers": (missing(3, "a", "b", "c").tolist(), (TypeError, ValueError), r"\by\[2\].*3"),
    "complex": (Y + 1j, TypeError, r"\by\b.*complex128"),
    "dates with one missing": (at(Y.astype("M8[D]"), 2, "NaT"), (TypeError, ValueError), r"\by\b.*NaT"),
    "matrix of text": (ONE_HOT.astype(str), TypeError, "y.*<U"),
    "matrix with nan": (at(ONE_HOT, (4, 1), NAN), ValueError, r"y\[4, 1\].*nan"),
    "rows of 1.5": (np.full((12, 3), 0.5), ValueError, r"\by\b.*cross_entropy.*1\.5.*row 0"),
    "a row of 0": (at(ONE_HOT, 4, 0), ValueError, r"\by\b.*cross_entropy.*0.*row 4"),
    "negative": (at(ONE_HOT, (4, 1), -1), ValueError, r"cross_entropy.*-1\.0.*y\[4, 1\]"),
    "ragged": ([[1], [1, 2]] * 6, ValueError, r"\by\b"),
    "masked": (np.ma.masked_array(Y, mask=Y == 2), (TypeError, ValueError), r"\by\b.*mask"),
}


@pytest.mark.parametrize("method", TAKE_Y)
@pytest.mark.parametrize("name", BAD_LABELS)
def test_bad_labels(name, method):
    bad, exception, message = BAD_LABELS[name]
    net = classifier()
    with refused(net, exception, message):
        getattr(net, method)(X, bad)


@pytest.mark.parametrize("method", TAKE_Y)
@pytest.mark.parametrize(
    "y", [Y + 7, Y + 0.5, Y.astype(str), Y + 1j, Y * 1e300, objects(None, 1, 2), np.full(12, "2020-01-01", "M8[D]")]
)
def test_labels_unseen_before(y, method):
    net = trained()
    with refused(net, (TypeError, ValueError), r"\by\b.*(\[0, 1, 2\]|None)"):
        getattr(net, method)(X, y)


@pytest.mark.parametrize("method", [name for name in TAKE_Y if name != "trace"])
@pytest.mark.parametrize("net", [classifier, trained, regressor])
def test_without_y(net, method):
    net = net()
    with refused(net, (TypeError, ValueError), "y"):
        getattr(net, method)(X, None)


def test_trace_without_y():
    with pytest.raises(TypeError, match=r"\by\b.*None"):
        cmlp.Network([1, 2]).trace([[1.0]], None)


@pytest.mark.parametrize("method", TAKE_Y)
@pytest.mark.parametrize(
    ("net", "y", "exception", "message"),
    [
        (regressor, at(np.zeros(12), 7, NAN), ValueError, r"y\[7\].*nan"),
        (regressor, at(np.zeros(12, "f2"), 7, -INF), ValueError, r"y\[7\].*-inf"),
        (regressor, at(np.zeros((12, 1)), 7, NAN), ValueError, r"y\[7\].*nan"),
        (regressor, at(np.zeros(12), 7, 1e39), ValueError, r"y\[7\].*1e\+39.*float32"),
        (regressor, ["a"] * 12, TypeError, "y.*<U1"),
        (regressor, np.zeros(12, complex), TypeError, "y.*complex128"),
        (regressor, np.zeros((12, 2)), ValueError, r"\(n_samples, 1\).*\(12, 2\)"),
        (
            lambda: cmlp.Network([3, 2], loss="squared_error"),
            at(np.zeros((12, 2)), (7, 1), NAN),
            ValueError,
            r"y\[7, 1\].*nan",
        ),
        (
            lambda: cmlp.Network([3, 3], loss="log_loss"),
            at(ONE_HOT, (7, 1), 1.5),
            ValueError,
            r"log_loss.*1\.5.*y\[7, 1\]",
        ),
        (
            lambda: cmlp.Network([3, 3], loss="perceptron"),
            ONE_HOT,
            ValueError,
            r"perceptron.*0\.0.*y\[0, 1\]",
        ),
        (lambda: cmlp.Network([3, 3], loss="perceptron"), ONE_HOT > 0, ValueError, r"perceptron.*False.*y\[0, 1\]"),
        (lambda: cmlp.Network([3, 3], loss="perceptron"), at(ONE_HOT, 0, NAN), ValueError, r"perceptron.*nan.*y\[0, 0\]"),
        (
            lambda: cmlp.Network([3, 1], loss="log_loss"),
            Y,
            ValueError,
            r"3 classes.*\b0, 1, 2\b.*1.*2",
        ),
    ],
)
def test_bad_targets(net, y, exception, message, method):
    net = net()
    with refused(net, exception, message):
        getattr(net, method)(X, y)


def test_trace_of_too_many_samples():
    with pytest.raises(ValueError, match=r"4,?096.*5,?000"):
        classifier().trace(np.zeros((5000, 3)), np.zeros(5000, int))


# --- too large ------------------------------------------------------------------------------------------------
def endless(*row):
    """A matrix of `HUGE` rows that takes no memory."""
    return np.broadcast_to(np.array(row, dtype=np.uint8), (HUGE, len(row)))


@pytest.mark.parametrize(
    ("call", "sizes"),
    [
        (lambda net: net.forward(endless(0, 0, 0)), [3, 3]),
        (lambda net: net.predict(endless(0, 0, 0)), [3, 3]),
        (lambda net: net.fit(endless(0, 0, 0), endless(0), epochs=1), [3, 1]),
    ],
)
def test_data_that_no_memory_holds(call, sizes):
    net = cmlp.Network(sizes, loss="squared_error")
    with refused(net, MemoryError, "allocate"):
        call(net)


@pytest.mark.parametrize("net", [classifier, trained])
@pytest.mark.parametrize("method", TAKE_X)
def test_work_space_that_no_memory_holds(net, method, monkeypatch):
    def no_memory(*arguments):
        raise MemoryError("no room")

    net = net()
    net._engines.clear()
    monkeypatch.setattr("cmlp.runtime.engines.Engine", no_memory)
    with refused(net, MemoryError, "no room"):
        getattr(net, method)(*((X, Y) if method in TAKE_Y else (X,)), **({"optimizer": "sgd"} if method == "fit" else {}))
