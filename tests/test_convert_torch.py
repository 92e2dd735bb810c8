"""Networks as modules of PyTorch, and back: the same outputs within rounding, and trainings that go on."""

import numpy as np
import pytest
from common import LOSSES, seeds
from converted import BOUND, N_NETWORKS, some_network
from networks import random_network
from numpy.testing import assert_allclose

import cmlp
from cmlp import convert


@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_torch(seed):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    net, X = some_network(seed)
    module = convert.to_torch(net)
    with torch.no_grad():
        outputs = module(torch.from_numpy(X)).numpy()
    assert outputs.dtype == net.dtype
    assert_allclose(outputs, net.forward(X), **BOUND[str(net.dtype)])
    other = convert.to_torch(some_network(seed)[0])
    other.load_state_dict(module.state_dict())


@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_from_torch(seed):
    """There and back: the same numbers; and a training that goes on."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    rng = np.random.default_rng([seed, 17])
    dtype = str(rng.choice(["float32", "float64"]))
    loss = str(rng.choice(["cross_entropy", "log_loss", "squared_error"]))
    kind = random_network(rng, dtype=dtype, loss=LOSSES[loss], residual=0, input_noise=0.0)
    net = cmlp.Network(**kind | {"loss": loss})
    for layer in net.layers:
        if layer.variance is not None:
            layer.mean[:], layer.variance[:] = rng.normal(size=layer.fan_out), rng.uniform(0.5, 2, layer.fan_out)
    if set(net.activations) & {"sine", "exponential", "sign"}:
        with pytest.raises(ValueError, match="Function"):
            convert.from_torch(convert.to_torch(net), loss)
        return
    again = convert.from_torch(convert.to_torch(net), loss)
    X = rng.normal(size=(8, net.sizes[0]))
    assert_allclose(again.forward(X), net.forward(X), **BOUND[dtype])
    assert again.activations == net.activations
    assert [layer.dropout for layer in again.layers] == pytest.approx([layer.dropout for layer in net.layers])
    again.fit(X, np.eye(net.sizes[-1])[rng.integers(0, net.sizes[-1], 8)], epochs=2)
    assert torch is not None


def test_from_torch_as_pytorch_users_write_it(rng):
    """Flatten, biases in front of batch normalization, logits at the end."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8, momentum=0.2), nn.PReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Linear(8, 7, bias=False), nn.LayerNorm(7, eps=1e-3), nn.GELU(approximate="tanh")),
        nn.Identity(),
        nn.Linear(7, 3),
    )
    module(torch.randn(50, 6))  # moves the running statistics
    module.eval()
    X = torch.randn(20, 6)
    net = convert.from_torch(module, "cross_entropy", seed=4)
    with torch.no_grad():
        expected = torch.softmax(module(X), dim=1).numpy()
    assert_allclose(net.forward(X.numpy()), expected, rtol=2e-5, atol=1e-6)
    assert net._architecture.input_dropout == pytest.approx(0.1)
    assert net.layers[0].norm.momentum == 0.2
    assert convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1))).loss == "cross_entropy"
    assert convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()), "squared_error").activations == ["sigmoid"]


def test_what_cannot_come_from_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    refused = [
        (nn.Linear(2, 2), "Sequential.*Linear"),
        (nn.Sequential(), "Linear"),
        (nn.Sequential(nn.Linear(2, 2)), "loss='cross_entropy'.*'log_loss'"),
        (nn.Sequential(nn.Conv1d(1, 1, 1), nn.Linear(2, 2)), "Conv1d"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.BatchNorm1d(2), nn.Linear(2, 2)), "BatchNorm1d.*Linear, norm"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh(), nn.Linear(2, 2)), "Tanh.*Linear, norm"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)), "Linear.*Linear"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Sigmoid()), "norm.*dropout"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0)), r"Softmax\(dim=0\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(threshold=1), nn.Linear(2, 2), nn.Sigmoid()), "threshold=1"),
        (nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1), nn.Linear(2, 2), nn.Sigmoid()), "LogSoftmax"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(beta=2), nn.Linear(2, 2), nn.Sigmoid()), "beta=2"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False), nn.Linear(2, 1), nn.Sigmoid()),
            "track_running_stats=False",
        ),
    ]
    for module, message in refused:
        with pytest.raises(ValueError, match=message):
            convert.from_torch(module)
    with pytest.raises(ValueError, match=r"'cross_entropy'.*Tanh"):
        convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), "cross_entropy")
    with pytest.raises(ValueError, match=r"LogSoftmax.*'squared_error'"):
        convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1)), "squared_error")


@pytest.mark.slow
def test_the_same_training_in_torch_and_in_cmlp(rng):
    """One step of gradient descent from the same weights, in both."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 3)
    ).double()
    net = convert.from_torch(module, "cross_entropy")
    X, y = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
        optimizer.step()
        net.step(X, y, cmlp.SGD(0.1))
    again = convert.from_torch(module, "cross_entropy")
    assert_allclose(again.theta, net.theta, rtol=1e-10, atol=1e-12)
    assert_allclose(again.layers[0].variance, net.layers[0].variance, rtol=1e-10)
