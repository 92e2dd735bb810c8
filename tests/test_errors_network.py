"""Networks that cannot be: the right exception, and a message that names the argument, the value and what is allowed."""

import re

import numpy as np
import pytest
from mistakes import INF, NAN, classifier, first_key

import cmlp
from cmlp import initializers
from cmlp.runtime import registry


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
        ({"activation": ["tanh", "relu"]}, "activation.*1.*2"),
        ({"activation": []}, "activation.*1.*0"),
        ({"loss": cmlp.losses.Huber}, "loss.*Huber"),
        ({"loss": "gaussian"}, "loss.*'gaussian'.*3"),
        ({"loss": "squared_error", "output": "mean_variance"}, "output.*'mean_variance'.*'gaussian'"),
        ({"activation": ("tanh", 2.0)}, "activation.*'tanh', 2.0"),
        ({"activation": ("elu", -1.0)}, "activation.*'elu', -1.0"),
        ({"activation": "sign"}, "activation.*'sign'.*'tanh'"),
        ({"activation": ["sign"]}, "activation.*'sign'"),
        ({"output": "sigmoid"}, "output.*'cross_entropy'.*'sigmoid'.*squared_error"),
        ({"output": "tanh", "loss": "perceptron"}, "output.*'perceptron'.*'tanh'"),
        ({"bias": 1}, "bias.*1"),
        ({"bias": "no"}, "bias.*'no'"),
        ({"bias": [True]}, "bias.*2.*1"),
        ({"init": ["he"]}, "init.*2.*1"),
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
        ({"classes": [1, 2]}, r"3 labels.*2 classes \(1, 2\)"),
        ({"classes": []}, "3 labels.*0 classes"),
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
