"""Settings of layers that networks, norms and trainings refuse."""

import pytest
from common import targets_for
from numpy.testing import assert_array_equal

import cmlp
from cmlp import BatchNorm, LayerNorm


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"dropout": -0.1}, "dropout.*-0.1"),
        ({"dropout": [0.1]}, "dropout.*2.*1"),
        ({"input_dropout": 1.5}, "input_dropout.*1.5"),
        ({"input_noise": -1}, "input_noise.*-1"),
        ({"norm": "bach"}, "norm.*'bach'.*'batch'"),
        ({"norm": BatchNorm}, "norm.*BatchNorm"),
        ({"norm": ["batch"]}, "norm.*2.*1"),
        ({"residual": 3}, "residual.*3"),
        ({"residual": [2, 0]}, "residual.*0.*2"),
        ({"residual": True}, "residual.*True"),
        ({"loss": "squared_error", "output": "prelu"}, "output.*'prelu'.*leaky_relu"),
        ({"loss": "squared_error", "output": cmlp.activations.PReLU(0.1)}, "output.*'prelu'"),
        ({"activation": ("prelu", -1)}, "'prelu'.*-1"),
    ],
)
def test_what_a_network_refuses(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        cmlp.Network([4, 5, 5, 2], **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BatchNorm(momentum=0), "BatchNorm.*momentum.*0"),
        (lambda: BatchNorm(momentum=1.5), "BatchNorm.*momentum.*1.5"),
        (lambda: LayerNorm(eps=0), "LayerNorm.*eps.*0"),
    ],
)
def test_what_norms_refuse(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


NETWORKS = {
    "dropout": {"dropout": 0.4},
    "noise": {"input_noise": 0.2},
    "batch norm": {"norm": "batch"},
    "layer norm": {"norm": "layer"},
}


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("batch norm", {"batch_size": 1}, "batch_size.*norm='batch'.*1"),
        ("batch norm", {"optimizer": "lbfgs", "batch_size": None}, "LBFGS.*batch"),
        ("dropout", {"optimizer": "lbfgs", "batch_size": None}, "LBFGS.*dropout.*input_noise"),
        ("noise", {"optimizer": "lbfgs", "batch_size": None}, "LBFGS.*dropout.*input_noise"),
        ("layer norm", {"dropout": 0.5}, "dropout="),
        ("dropout", {"dropout": 1.0}, "dropout.*1.0"),
        ("dropout", {"dropout": lambda step: 1.5}, "dropout.*1.5"),
        ("dropout", {"dropout": cmlp.schedules.ReduceOnPlateau(0.5)}, "dropout.*ReduceOnPlateau"),
        (
            "dropout",
            {"regularization": cmlp.Regularization(weight_decay=lambda step: -1.0)},
            "weight_decay.*-1.0",
        ),
        (
            "dropout",
            {
                "optimizer": cmlp.AdamW(weight_decay=lambda t: 0.1),
                "regularization": cmlp.Regularization(weight_decay=lambda t: 0.1),
            },
            "weight_decay",
        ),
    ],
)
def test_what_fit_refuses(name, settings, message, rng):
    net = cmlp.Network([5, 8, 6, 3], **NETWORKS[name])
    before = net.variables.copy()
    with pytest.raises((TypeError, ValueError), match=message):
        net.fit(rng.normal(size=(41, 5)), targets_for("cross_entropy", rng, 41, 3), **settings)
    assert_array_equal(net.variables, before)
