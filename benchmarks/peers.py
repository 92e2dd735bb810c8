"""How each library trains and predicts: `train` and `predict` return a function that does one measurement's work.

Every peer gets the same data, initial weights, batches, optimizer and threads, and shuffles every epoch. Each is used as
its own documents tell, in its fastest known form: JAX with the whole epoch in one jitted scan, PyTorch with fused optimizers.
"""

import numpy as np


def _labels(workload, y):
    return y if workload.loss == "cross_entropy" else y.reshape(-1, 1).astype(workload.dtype)


def _rows(workload, n_rows):
    return np.resize(workload.data()[0], (n_rows, workload.layers[0]))


def _batches(workload, rng):
    if workload.full_batch:
        return [slice(None)]
    order = rng.permutation(workload.n_samples)
    return [order[start : start + workload.batch_size] for start in range(0, len(order), workload.batch_size)]


class Cmlp:
    versions = ("cmlp", "numpy", "scipy")

    def __init__(self, threads):
        self.threads = threads

    def network(self, workload):
        import cmlp

        net = cmlp.Network(list(workload.layers), workload.activation, workload.loss, dtype=workload.dtype)
        for layer, W in zip(net.layers, workload.weights(), strict=True):
            layer.W[...] = W
            layer.b[...] = 0
        return net

    def train(self, workload):
        import cmlp

        X, y = workload.data()
        net = self.network(workload)
        make = cmlp.Adam if workload.optimizer == "adam" else cmlp.SGD
        batch_size = None if workload.full_batch else workload.batch_size
        settings = {"optimizer": make(workload.learning_rate), "batch_size": batch_size, "n_threads": self.threads}
        return lambda: net.fit(X, y, epochs=workload.epochs, **settings)

    def predict(self, workload, n_rows):
        X, net = _rows(workload, n_rows), self.network(workload)
        return lambda: net.forward(X, n_threads=self.threads)


class NumPy:
    """The textbook's lines, on BLAS."""

    versions = ("numpy",)

    def __init__(self, threads):
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(threads)

    def forward(self, workload, W, b, X):
        functions = {"relu": lambda Z: np.maximum(Z, 0), "tanh": np.tanh, "sigmoid": lambda Z: 1 / (1 + np.exp(-Z))}
        f, A = functions[workload.activation], [X]
        for l in range(len(W) - 1):
            A.append(f(A[-1] @ W[l] + b[l]))
        Z = A[-1] @ W[-1] + b[-1]
        if workload.loss == "cross_entropy":
            e = np.exp(Z - Z.max(axis=1, keepdims=True))
            return A, e / e.sum(axis=1, keepdims=True)
        return A, 1 / (1 + np.exp(-Z)) if workload.loss == "log_loss" else Z

    def step(self, workload, W, b, memory, t, X, y):
        A, P = self.forward(workload, W, b, X)
        rows = np.arange(len(X))
        if workload.loss == "cross_entropy":
            loss = -np.log(P[rows, y] + 1e-12).mean()
            P[rows, y] -= 1
            dZ = P / len(X)
        else:
            dZ = (P - y) / len(X)
            loss = (dZ**2).sum() * len(X) / 2
        slope = {"relu": lambda A: A > 0, "tanh": lambda A: 1 - A * A, "sigmoid": lambda A: A * (1 - A)}[workload.activation]
        gradients = [None] * len(W)
        for l in reversed(range(len(W))):
            gradients[l] = (A[l].T @ dZ, dZ.sum(axis=0))
            if l:
                dZ = (dZ @ W[l].T) * slope(A[l])
        for l, pair in enumerate(gradients):
            for parameter, d, (m, v) in zip((W[l], b[l]), pair, memory[l], strict=True):
                if workload.optimizer == "sgd":
                    parameter -= workload.learning_rate * d
                    continue
                m *= 0.9
                m += 0.1 * d
                v *= 0.999
                v += 0.001 * d * d
                parameter -= workload.learning_rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return loss

    def train(self, workload):
        X, y = workload.data()
        y, W = _labels(workload, y), workload.weights()
        b = [np.zeros(w.shape[1], w.dtype) for w in W]
        memory = [[(np.zeros_like(p), np.zeros_like(p)) for p in pair] for pair in zip(W, b, strict=True)]
        rng, t = np.random.default_rng(0), [0]

        def run():
            for _ in range(workload.epochs):
                for batch in _batches(workload, rng):
                    t[0] += 1
                    self.step(workload, W, b, memory, t[0], X[batch], y[batch])

        return run

    def predict(self, workload, n_rows):
        X, W = _rows(workload, n_rows), workload.weights()
        b = [np.zeros(w.shape[1], w.dtype) for w in W]
        return lambda: self.forward(workload, W, b, X)[1]


class ScikitLearn:
    versions = ("scikit-learn", "numpy", "scipy")

    def __init__(self, threads):
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(threads)

    def estimator(self, workload):
        import warnings

        from sklearn.neural_network import MLPClassifier, MLPRegressor

        warnings.simplefilter("ignore")
        make = MLPRegressor if workload.loss == "squared_error" else MLPClassifier
        return make(
            hidden_layer_sizes=workload.layers[1:-1],
            activation={"sigmoid": "logistic"}.get(workload.activation, workload.activation),
            solver=workload.optimizer,
            alpha=0.0,
            batch_size=workload.batch_size,
            learning_rate_init=workload.learning_rate,
            max_iter=workload.epochs,
            n_iter_no_change=workload.epochs + 1,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=not workload.full_batch,
            random_state=0,
        )

    def train(self, workload):
        X, y = workload.data()
        estimator = self.estimator(workload)
        return lambda: estimator.fit(X, y)

    def predict(self, workload, n_rows):
        import dataclasses

        X, y = workload.data()
        estimator = self.estimator(dataclasses.replace(workload, epochs=1)).fit(X[:2000], y[:2000])
        rows = _rows(workload, n_rows)
        return lambda: estimator.predict_proba(rows)


class PyTorch:
    versions = ("torch",)

    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch = torch

    def network(self, workload, softmax=False):
        nn = self.torch.nn
        f = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[workload.activation]
        modules = []
        for l, W in enumerate(workload.weights()):
            linear = nn.Linear(*W.shape, dtype=getattr(self.torch, workload.dtype))
            with self.torch.no_grad():
                linear.weight.copy_(self.torch.from_numpy(W.T.copy()))
                linear.bias.zero_()
            modules += [linear, f()] if l < len(workload.layers) - 2 else [linear]
        return nn.Sequential(*modules, *([nn.Softmax(1)] if softmax else []))

    def train(self, workload):
        torch, F = self.torch, self.torch.nn.functional
        X, y = workload.data()
        X, y = torch.from_numpy(X), torch.from_numpy(_labels(workload, y))
        net = self.network(workload)
        make = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
        optimizer = make(net.parameters(), lr=workload.learning_rate, fused=True)
        loss_of = {
            "cross_entropy": F.cross_entropy,
            "log_loss": F.binary_cross_entropy_with_logits,
            "squared_error": lambda Z, Y: F.mse_loss(Z, Y) / 2,
        }[workload.loss]

        def run():
            for _ in range(workload.epochs):
                order = torch.randperm(workload.n_samples)
                for start in range(0, workload.n_samples, workload.batch_size):
                    batch = slice(None) if workload.full_batch else order[start : start + workload.batch_size]
                    optimizer.zero_grad(set_to_none=True)
                    loss_of(net(X[batch]), y[batch]).backward()
                    optimizer.step()

        return run

    def predict(self, workload, n_rows):
        X = self.torch.from_numpy(_rows(workload, n_rows))
        net = self.network(workload, softmax=True).eval()

        def run():
            with self.torch.inference_mode():
                return net(X)

        return run


class Jax:
    """A whole epoch, gathering included, in one jitted scan that keeps its state in place."""

    versions = ("jax", "jaxlib")

    def __init__(self, threads):
        import os

        if threads == 1:
            os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax = jax

    def scores(self, workload, parameters, X):
        jnp = self.jax.numpy
        f = {"relu": lambda Z: jnp.maximum(Z, 0), "tanh": jnp.tanh, "sigmoid": self.jax.nn.sigmoid}[workload.activation]
        *hidden, last = parameters
        for W, b in hidden:
            X = f(X @ W + b)
        return X @ last[0] + last[1]

    def loss(self, workload, parameters, X, y):
        jnp, Z = self.jax.numpy, self.scores(workload, parameters, X)
        if workload.loss == "cross_entropy":
            return -jnp.take_along_axis(self.jax.nn.log_softmax(Z), y[:, None], 1).mean()
        if workload.loss == "log_loss":
            return (jnp.logaddexp(0, Z) - y * Z).mean()
        return ((Z - y) ** 2).mean() / 2

    def step(self, workload, state, X, y):
        jax, jnp = self.jax, self.jax.numpy
        parameters, m, v, t = state
        d = jax.grad(lambda p: self.loss(workload, p, X, y))(parameters)
        rate = workload.learning_rate
        if workload.optimizer == "sgd":
            return jax.tree.map(lambda p, d: p - rate * d, parameters, d), m, v, t
        t = t + 1
        m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, m, d)
        v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
        c, e = 1 - 0.9**t, 1 - 0.999**t
        return jax.tree.map(lambda p, m, v: p - rate * (m / c) / (jnp.sqrt(v / e) + 1e-8), parameters, m, v), m, v, t

    def train(self, workload):
        jax, jnp = self.jax, self.jax.numpy
        X, y = workload.data()
        X, y = jnp.asarray(X), jnp.asarray(_labels(workload, y))
        parameters = [(jnp.asarray(W), jnp.zeros(W.shape[1], W.dtype)) for W in workload.weights()]
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        state = [(parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros((), workload.dtype))]
        rng, whole = np.random.default_rng(0), workload.n_samples // workload.batch_size * workload.batch_size

        def scan(state, X, y, order):
            return jax.lax.scan(lambda s, rows: (self.step(workload, s, X[rows], y[rows]), None), state, order)[0]

        def repeat(state, X, y):
            return jax.lax.fori_loop(0, workload.epochs, lambda _, s: self.step(workload, s, X, y), state)

        scan, repeat = jax.jit(scan, donate_argnums=0), jax.jit(repeat, donate_argnums=0)
        last = jax.jit(lambda s, X, y, rows: self.step(workload, s, X[rows], y[rows]), donate_argnums=0)

        def epoch():
            order = rng.permutation(workload.n_samples).astype(np.int32)
            state[0] = scan(state[0], X, y, order[:whole].reshape(-1, workload.batch_size))
            if whole < workload.n_samples:
                state[0] = last(state[0], X, y, order[whole:])

        def run():
            if workload.full_batch:
                state[0] = repeat(state[0], X, y)
            else:
                for _ in range(workload.epochs):
                    epoch()
            jax.block_until_ready(state[0])

        return run

    def predict(self, workload, n_rows):
        jax, jnp = self.jax, self.jax.numpy
        X = _rows(workload, n_rows)
        parameters = [(jnp.asarray(W), jnp.zeros(W.shape[1], W.dtype)) for W in workload.weights()]
        f = jax.jit(lambda p, X: jax.nn.softmax(self.scores(workload, p, X)))
        return lambda: np.asarray(f(parameters, X))


class OnnxRuntime:
    """Prediction only."""

    versions = ("onnxruntime",)

    def __init__(self, threads):
        self.threads = threads

    def predict(self, workload, n_rows):
        import onnx
        import onnxruntime
        from onnx import helper, numpy_helper

        nodes, constants, name = [], [], "X"
        for l, W in enumerate(workload.weights()):
            constants += [numpy_helper.from_array(W, f"W{l}"), numpy_helper.from_array(np.zeros(W.shape[1], W.dtype), f"b{l}")]
            nodes.append(helper.make_node("Gemm", [name, f"W{l}", f"b{l}"], [f"Z{l}"]))
            last = l == len(workload.layers) - 2
            nodes.append(helper.make_node("Softmax" if last else "Relu", [f"Z{l}"], [f"A{l}"]))
            name = f"A{l}"
        matrix = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            nodes,
            "mlp",
            [helper.make_tensor_value_info("X", matrix, [None, workload.layers[0]])],
            [helper.make_tensor_value_info(name, matrix, [None, workload.layers[-1]])],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        X = _rows(workload, n_rows)
        return lambda: session.run(None, {"X": X})[0]


PEERS = {"cmlp": Cmlp, "jax": Jax, "torch": PyTorch, "sklearn": ScikitLearn, "numpy": NumPy, "onnx": OnnxRuntime}
