"""The seven workloads: networks, data and settings that every peer gets alike."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Workload:
    name: str
    what: str
    layers: tuple
    activation: str
    loss: str  # log_loss, cross_entropy or squared_error
    n_samples: int
    batch_size: int  # n_samples: the full batch, never shuffled
    optimizer: str
    learning_rate: float
    dtype: str = "float32"
    epochs: int = 1  # in one measurement

    @property
    def steps(self) -> int:
        return self.epochs * -(-self.n_samples // self.batch_size)

    @property
    def full_batch(self) -> bool:
        return self.batch_size == self.n_samples

    @property
    def multiplications(self) -> int:
        """Multiply-adds of the three products of a step of a whole batch; the first layer needs no dA_prev."""
        products = [a * b for a, b in zip(self.layers, self.layers[1:], strict=False)]
        return self.batch_size * (3 * sum(products) - products[0])

    def data(self):
        """X (n_samples, n_features) in [0, 1), y: class codes, or numbers for squared_error."""
        rng = np.random.default_rng(1)
        X = rng.random((self.n_samples, self.layers[0])).astype(self.dtype)
        if self.loss == "squared_error":
            y = np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.standard_normal(self.n_samples)
            return X, y.astype(self.dtype)
        n_classes = max(2, self.layers[-1])
        return X, ((X - 0.5) @ rng.standard_normal((self.layers[0], n_classes))).argmax(axis=1)

    def weights(self):
        """[W (fan_in, fan_out), ...], uniform in +-sqrt(6 / (fan_in + fan_out)); biases start at 0."""
        rng = np.random.default_rng(7)
        shapes = zip(self.layers, self.layers[1:], strict=False)
        return [(rng.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape))).astype(self.dtype) for shape in shapes]


def _net(name, what, layers, activation, loss, n_samples, batch_size, optimizer, learning_rate, **more):
    return Workload(name, what, layers, activation, loss, n_samples, batch_size, optimizer, learning_rate, **more)


WORKLOADS = {
    w.name: w
    for w in (
        _net("W1", "planar", (2, 4, 1), "tanh", "log_loss", 400, 400, "sgd", 1.2, dtype="float64", epochs=10_000),
        _net("W2", "digits", (64, 64, 10), "relu", "cross_entropy", 1797, 32, "adam", 1e-3, epochs=50),
        _net("W3", "small images", (784, 100, 10), "sigmoid", "cross_entropy", 60_000, 64, "sgd", 0.1),
        _net("W4", "images", (784, 512, 256, 10), "relu", "cross_entropy", 60_000, 128, "adam", 1e-3),
        _net("W5", "table", (32, 64, 64, 1), "relu", "squared_error", 100_000, 256, "adam", 1e-3, epochs=3),
        _net("W6", "wide", (1024, 2048, 2048, 10), "relu", "cross_entropy", 4096, 512, "adam", 1e-3),
        _net("W7", "one by one", (64, 64, 10), "relu", "cross_entropy", 1797, 1, "sgd", 1e-2, epochs=20),
    )
}
PREDICTIONS = {"P2": WORKLOADS["W2"], "P4": WORKLOADS["W4"]}  # outputs of these networks, for 1 row and for 10,000
