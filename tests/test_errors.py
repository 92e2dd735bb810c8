"""What users get wrong: the right exception, a message that helps, and nothing changed."""

import copy
import re
import threading
from contextlib import contextmanager

import numpy as np
import pytest

import cmlp
from cmlp import _core, initializers, registry

NAN, INF = float("nan"), float("inf")
HUGE = 2**45  # rows of a few bytes that no address space holds

X = np.linspace(-1, 1, 36).reshape(12, 3)
Y = np.arange(12) % 3
X.flags.writeable = Y.flags.writeable = False
ONE_HOT = np.eye(3)[Y]

TAKE_Y = ["fit", "step", "gradient", "cost", "score", "trace"]
TAKE_X = [*TAKE_Y, "forward", "predict"]


def classifier(**settings):
    return cmlp.Network([3, 4, 3], "tanh", **settings)


def regressor(**settings):
    return cmlp.Network([3, 4, 1], "tanh", "squared_error", **settings)


def trained(net=None, X=X, y=Y):
    net = net or classifier()
    net.fit(X, y, epochs=1)
    return net


def state(net):
    """Everything of a network that a refused call must leave alone."""
    memory = net.memory and (net.memory.name, net.memory.state.tobytes(), net.memory.cursor.t, net.memory.cursor.epoch)
    return net.theta.tobytes(), memory, net.targets and net.targets.task, str(net.classes), repr(net.history)


@contextmanager
def refused(net, exception, message):
    """An exception of this kind with this message, after which the network is as it was, and trains."""
    before = state(net)
    with pytest.raises(exception, match=message):
        yield
    assert state(net) == before


def at(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


def first_key(value):
    """How pytest shows a case of settings."""
    return next(iter(value)) if isinstance(value, dict) else None


# --- a network that cannot be ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([0, 3], r"size.*\b0\b"),
        ([3, -1], "size.*1.*-1"),
        ([3], r"sizes.*\[3\]"),
        ([], r"sizes.*\[\]"),
        (None, "sizes.*None"),
        ("abc", "sizes.*'abc'"),
        (5, "sizes.*5"),
        ({3, 1}, "sizes.*{1, 3}"),
        ([2.5, 1], "size.*0.*2.5"),
        ([3, NAN], "size.*1.*nan"),
        ([True, 2], "size.*0.*True"),
        (["3", "1"], "size.*0.*'3'"),
        ([[3, 1], [3, 1]], r"size.*0.*\[3, 1\]"),
        ([2**31, 1], "size.*0.*2147483648"),
        ([10**30, 1], "size.*0.*1000000000"),
        ([2**24, 2**24], "281,?474,?993,?487,?872"),
    ],
)
def test_sizes(sizes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        cmlp.Network(sizes)


def test_parameters_that_no_memory_holds():
    with pytest.raises(MemoryError, match="512"):
        cmlp.Network([2**23, 2**24])


NOT_KNOWN = [
    ({"activation": "rellu"}, "activation.*'rellu'", registry.activations, "relu"),
    ({"activation": ["tanhh"]}, "activation.*'tanhh'", registry.activations, "tanh"),
    ({"activation": None}, "activation.*None", registry.activations, None),
    ({"loss": "crossentropy"}, "loss.*'crossentropy'", registry.losses, "cross_entropy"),
    ({"loss": 3}, "loss.*3", registry.losses, None),
    ({"loss": "squared_error", "output": "sigmoids"}, "output.*'sigmoids'", registry.activations, "sigmoid"),
    ({"init": "glorot"}, "init.*'glorot'", initializers.BY_NAME, "glorot_"),
    ({"init": ["he", "zero"]}, "init.*'zero'", initializers.BY_NAME, "zeros"),
    ({"bias_init": "one"}, "init.*'one'", initializers.BY_NAME, None),
]


@pytest.mark.parametrize(("settings", "got", "known", "closest"), NOT_KNOWN)
def test_unknown_names(settings, got, known, closest):
    """The message lists all that there are, and names the closest once more."""
    with pytest.raises((TypeError, ValueError), match=got) as caught:
        cmlp.Network([3, 4, 3], **settings)
    words = re.findall(r"\w+", str(caught.value))
    assert set(known) <= set(words)
    if closest is not None:
        assert sum(word.startswith(closest) for word in words) > sum(name.startswith(closest) for name in known)


@pytest.mark.parametrize("activation", ["rellu", 5, None])
def test_unknown_activation_without_a_hidden_layer(activation):
    with pytest.raises((TypeError, ValueError), match=f"activation.*{activation!r}"):
        cmlp.Network([3, 3], activation)


def array_for(shape, value=0.0, dtype=float):
    return [np.full(shape, value, dtype=dtype), "zeros"]


class NanInitializer(initializers.Initializer):
    def __call__(self, out, fan_in, fan_out, rng):
        out[...] = NAN


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": ["tanh", "relu"]}, "activation.*2.*1"),
        ({"activation": []}, "activation.*0.*1"),
        ({"loss": cmlp.losses.Huber}, "loss.*Huber"),
        ({"loss": "gaussian"}, "loss.*'gaussian'.*3"),
        ({"loss": "squared_error", "output": "mean_variance"}, "output.*'mean_variance'.*'gaussian'"),
        ({"activation": ("tanh", 2.0)}, "activation.*'tanh'.*2.0"),
        ({"activation": ("elu", -1.0)}, "'elu'.*-1.0"),
        ({"activation": "sign"}, "activation.*'sign'.*'tanh'"),
        ({"activation": ["sign"]}, "activation.*'sign'"),
        ({"output": "sigmoid"}, "'cross_entropy'.*output='sigmoid'.*squared_error"),
        ({"output": "tanh", "loss": "perceptron"}, "'perceptron'.*output='tanh'"),
        ({"bias": 1}, "bias.*1"),
        ({"bias": "no"}, "bias.*'no'"),
        ({"bias": [True]}, "bias.*1.*2"),
        ({"init": ["he"]}, "init.*1.*2"),
        ({"init": np.zeros((3, 4))}, r"W1.*\(4, 3\).*\(3, 4\)"),
        ({"init": array_for((4, 3))}, r"W0.*\(3, 4\).*\(4, 3\)"),
        ({"init": array_for((3, 4), NAN)}, "W0.*float32"),
        ({"init": array_for((3, 4), 1e39)}, "W0.*float32"),
        ({"init": array_for((3, 4), 0, complex)}, "W0.*complex128"),
        ({"init": array_for((3, 4), None, object)}, "W0.*object"),
        ({"init": 5}, r"W0.*\(\)"),
        ({"init": initializers.Constant(1e39)}, "W0.*float32"),
        ({"init": initializers.Uniform(1e308)}, r"W0|limit"),
        ({"init": NanInitializer()}, "W0.*float32"),
        ({"bias_init": [np.zeros(4), np.zeros(4)]}, r"b1.*\(3,\).*\(4,\)"),
        ({"bias_init": [np.full(4, INF), "zeros"]}, "b0.*float32"),
        ({"input_scale": NAN}, "input_scale.*nan"),
        ({"input_scale": INF}, "input_scale.*inf"),
        ({"input_scale": "1/255"}, "input_scale.*'1/255'"),
        ({"input_scale": 10**400}, "input_scale"),
        ({"input_scale": 1e39}, "input_scale.*float32"),
        ({"input_scale": 1e-60}, "input_scale.*float32"),
        ({"input_scale": 0}, "input_scale.*0"),
        ({"dtype": "float16"}, "dtype.*'float16'"),
        ({"dtype": "float63"}, "dtype.*'float63'"),
        ({"dtype": int}, "dtype.*<class 'int'>"),
        ({"dtype": np.dtype("f4").newbyteorder("S")}, "dtype"),
        ({"dtype": None}, "dtype.*None"),
        ({"dtype": {"names": ["a"]}}, "dtype"),
        ({"seed": -1}, "seed.*-1"),
        ({"seed": 1.5}, "seed.*1.5"),
        ({"seed": "a"}, "seed.*'a'"),
        ({"seed": True}, "seed.*True"),
        ({"seed": [1, 2]}, r"seed.*\[1, 2\]"),
        ({"classes": 5}, "classes.*5"),
        ({"classes": {1, 2, 3}}, "classes.*{1, 2, 3}"),
        ({"classes": [[1, 2, 3]]}, r"classes.*\[\[1, 2, 3\]\]"),
        ({"classes": [1, 1.0, True]}, r"classes.*\[1, 1.0, True\]"),
        ({"classes": [1, 2]}, r"2 classes.*\b1, 2\b.*3"),
        ({"classes": []}, "0 classes.*3"),
        ({"classes": [0, 1, NAN]}, "classes.*nan"),
    ],
    ids=first_key,
)
def test_settings_of_a_network(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        cmlp.Network([3, 4, 3], **settings)


@pytest.mark.parametrize("labels", [[1, "a", 2], ["a", "b", None], ["a", "b", NAN], [None, None, None]])
@pytest.mark.parametrize("kind", [list, lambda labels: np.array(labels, dtype=object)])
def test_classes_of_several_kinds(labels, kind):
    with pytest.raises((TypeError, ValueError), match="classes"):
        classifier(classes=kind(labels))


def test_one_output_cannot_hold_a_cross_entropy():
    """Softmax over one output is 1 whatever its score: the loss is 0 and nothing is ever learned."""
    with pytest.raises(ValueError, match=r"cross_entropy.*log_loss"):
        cmlp.Network([3, 1])


def test_abstract_initializer():
    with pytest.raises(TypeError, match="Initializer"):
        classifier(init=initializers.Initializer())


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (cmlp.SGD, {"learning_rate": -1}, "SGD.*learning_rate.*-1"),
        (cmlp.SGD, {"learning_rate": NAN}, "SGD.*learning_rate.*nan"),
        (cmlp.SGD, {"learning_rate": INF}, "SGD.*learning_rate.*inf"),
        (cmlp.SGD, {"learning_rate": True}, "SGD.*learning_rate.*True"),
        (cmlp.SGD, {"learning_rate": "0.1"}, "SGD.*learning_rate.*'0.1'"),
        (cmlp.SGD, {"learning_rate": None}, "SGD.*learning_rate.*None"),
        (cmlp.SGD, {"learning_rate": 1j}, "SGD.*learning_rate.*1j"),
        (cmlp.SGD, {"learning_rate": 10**400}, "SGD.*learning_rate"),
        (cmlp.Momentum, {"momentum": 1}, "Momentum.*momentum.*1"),
        (cmlp.Nesterov, {"momentum": -0.1}, "Nesterov.*momentum.*-0.1"),
        (cmlp.RMSprop, {"rho": 1.5}, "RMSprop.*rho.*1.5"),
        (cmlp.RMSprop, {"epsilon": 0}, "RMSprop.*epsilon.*0"),
        (cmlp.Adam, {"beta_1": 1.0}, "Adam.*beta_1.*1.0"),
        (cmlp.Adam, {"beta_2": NAN}, "Adam.*beta_2.*nan"),
        (cmlp.Adam, {"epsilon": -1e-8}, "Adam.*epsilon.*-1e-08"),
        (initializers.Normal, {"std": -1}, "Normal.*std.*-1"),
        (initializers.Uniform, {"limit": NAN}, "Uniform.*limit.*nan"),
        (initializers.Constant, {"value": INF}, "Constant.*value.*inf"),
    ],
)
def test_hyper_parameters(kind, settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        kind(**settings)


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
        ({"threshold": NAN}, "threshold.*nan"),
        ({"threshold": -1}, "threshold.*-1"),
        ({"threshold": 10**400}, "threshold"),
        ({"tol": -1}, "tol.*-1"),
        ({"tol": "a"}, "tol.*'a'"),
        ({"n_iter_no_change": 0}, "n_iter_no_change.*0"),
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
        ({"sample_weight": 1.0}, r"sample_weight.*12.*\(\)"),
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
        ({"validation_data": {"X": X, "y": Y}}, "validation_data.*dict"),
        ({"validation_data": X}, "validation_data.*ndarray"),
        ({"validation_data": (X[:, :2], Y)}, "X.*2.*3"),
        ({"validation_data": (X[:0], Y[:0])}, r"X.*\(0, 3\)"),
        ({"validation_data": (X, Y[:3])}, "y.*3.*12"),
        ({"validation_data": (X, Y + 7)}, r"y\[0\].*7.*\[0, 1, 2\]"),
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
    "objects": (X.astype(object), TypeError, "X.*object"),
    "whole numbers beyond 64 bits": ([[1, 2, 2**70]], TypeError, "X.*object"),
    "dates": (np.zeros((12, 3), "M8[D]"), TypeError, "X.*datetime64"),
    "records": (np.zeros(12, "f4,f4,f4"), TypeError, "X.*f4"),
    "None": (None, TypeError, r"\bX\b.*None"),
    "generator": ((row for row in X), TypeError, "X.*(object|generator)"),
    "ragged": ([[1, 2, 3], [1, 2]], ValueError, r"\bX\b"),
    "masked": (np.ma.masked_array(X, mask=X > 0.5), (TypeError, ValueError), r"\bX\b.*mask"),
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
    "rows of 1.5": (np.full((12, 3), 0.5), ValueError, r"row 0.*\by\b.*1\.5.*cross_entropy"),
    "a row of 0": (at(ONE_HOT, 4, 0), ValueError, r"row 4.*\by\b.*0.*cross_entropy"),
    "negative": (at(ONE_HOT, (4, 1), -1), ValueError, r"y\[4, 1\].*-1\.0.*cross_entropy"),
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
            r"y\[7, 1\].*1\.5.*log_loss",
        ),
        (
            lambda: cmlp.Network([3, 3], loss="perceptron"),
            ONE_HOT,
            ValueError,
            r"y\[0, 1\].*0\.0.*perceptron",
        ),
        (lambda: cmlp.Network([3, 3], loss="perceptron"), ONE_HOT > 0, ValueError, r"y\[0, 1\].*False.*perceptron"),
        (lambda: cmlp.Network([3, 3], loss="perceptron"), at(ONE_HOT, 0, NAN), ValueError, r"y\[0, 0\].*nan.*perceptron"),
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
    net.engines.clear()
    monkeypatch.setattr(_core, "Engine", no_memory)
    with refused(net, MemoryError, "no room"):
        getattr(net, method)(*((X, Y) if method in TAKE_Y else (X,)), **({"optimizer": "sgd"} if method == "fit" else {}))


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
