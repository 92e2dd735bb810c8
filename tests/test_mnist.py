"""The main job on real data: full MNIST."""

import numpy as np
import pytest
from common import ROUNDS

import cmlp
from cmlp import datasets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mnist(data_folder):
    names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    X, y, X_test, y_test = (datasets.read_idx(data_folder / "mnist" / f"{name}-ubyte.gz") for name in names)
    return X.reshape(60_000, 784), y, X_test.reshape(10_000, 784), y_test


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_ten_epochs_reach_97_8_percent(seed, mnist):
    X, y, X_test, y_test = mnist
    net = cmlp.Network([784, 128, 10], input_scale=1 / 255, seed=seed)
    net.fit(X, y, optimizer=cmlp.Adam(2e-3), batch_size=128, epochs=7)
    net.fit(X, y, optimizer=cmlp.Adam(2e-4), batch_size=128, epochs=3)
    assert net.score(X_test, y_test) == np.mean(net.predict(X_test) == y_test) >= 0.978


def test_the_classic_network(mnist):
    """Sigmoid, squared error, no biases, one sample at a time: the network of the hand-written programs."""
    X, y, X_test, y_test = mnist
    net = cmlp.Network([784, 100, 10], "sigmoid", "squared_error", output="sigmoid", bias=False, input_scale=1 / 255)
    net.fit(X, y, optimizer=cmlp.SGD(0.1), batch_size=1, epochs=1)
    assert net.score(X_test, y_test) > 0.93
