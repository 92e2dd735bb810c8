"""MNIST to 98 % on the test set: seconds of training that each library needs with the best of a few settings.

Each run has a process of its own. Data in memory, uint8 for cmlp and float32 for the others, converted before the clock starts;
JAX has compiled its functions before. Needs the peers of requirements.txt.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np
from common import machine, mnist, print_table

# width of the hidden layer, batch, ((learning rate of Adam, epochs), ...)
SETTINGS = (
    (192, 128, ((0.003, 3), (0.0005, 1))),
    (192, 256, ((0.004, 4), (0.0005, 1))),
    (256, 256, ((0.004, 4), (0.0005, 1))),
    (256, 512, ((0.005, 5), (0.0005, 1))),
    (256, 1024, ((0.006, 7), (0.001, 2))),
)
GOAL = 0.98
SEEDS = 3


def with_cmlp(width, batch, schedule, seed, data, threads):
    import cmlp

    X, y, X_test, y_test = data
    net = cmlp.Network([784, width, 10], input_scale=1 / 255, seed=seed)
    began = time.perf_counter()
    for rate, epochs in schedule:
        net.fit(X, y, optimizer=cmlp.Adam(rate), batch_size=batch, epochs=epochs, n_threads=threads)
    return time.perf_counter() - began, net.score(X_test, y_test)


def with_sklearn(width, batch, schedule, seed, data, threads):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    X, y, X_test, y_test = data
    X, X_test = (np.divide(part, 255, dtype=np.float32) for part in (X, X_test))
    estimator = MLPClassifier((width,), alpha=0.0, batch_size=batch, random_state=seed, warm_start=True)
    with threadpool_limits(threads):
        began = time.perf_counter()
        for rate, epochs in schedule:
            estimator.set_params(learning_rate_init=rate, max_iter=epochs, n_iter_no_change=epochs + 1).fit(X, y)
        return time.perf_counter() - began, estimator.score(X_test, y_test)


def with_torch(width, batch, schedule, seed, data, threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    X, y, X_test, y_test = (torch.from_numpy(np.asarray(part)) for part in data)
    X, X_test, y, y_test = X.float() / 255, X_test.float() / 255, y.long(), y_test.long()
    net = torch.nn.Sequential(torch.nn.Linear(784, width), torch.nn.ReLU(), torch.nn.Linear(width, 10))
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    began = time.perf_counter()
    for rate, epochs in schedule:
        optimizer.param_groups[0]["lr"] = rate
        for _ in range(epochs):
            for rows in torch.randperm(len(X)).split(batch):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(net(X[rows]), y[rows]).backward()
                optimizer.step()
    seconds = time.perf_counter() - began
    with torch.inference_mode():
        return seconds, float((net(X_test).argmax(1) == y_test).float().mean())


def with_jax(width, batch, schedule, seed, data, threads):
    import jax
    import jax.numpy as jnp

    X, y, X_test, y_test = (jnp.asarray(part) for part in data)
    X, X_test = X.astype(jnp.float32) / 255, X_test.astype(jnp.float32) / 255
    whole = len(X) // batch * batch

    def scores(parameters, X):
        (W1, b1), (W2, b2) = parameters
        return jnp.maximum(X @ W1 + b1, 0) @ W2 + b2

    def loss(parameters, X, y):
        return -jnp.take_along_axis(jax.nn.log_softmax(scores(parameters, X)), y[:, None], 1).mean()

    def step(state, rows, rate):
        parameters, m, v, t = state
        d, t = jax.grad(loss)(parameters, X[rows], y[rows]), t + 1
        m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, m, d)
        v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
        c, e = 1 - 0.9**t, 1 - 0.999**t
        move = jax.tree.map(lambda p, m, v: p - rate * (m / c) / (jnp.sqrt(v / e) + 1e-8), parameters, m, v)
        return (move, m, v, t), None

    @jax.jit
    def epoch(state, order, rate):
        return jax.lax.scan(lambda s, rows: step(s, rows, rate), state, order)[0]

    def train(seed):
        rng = np.random.default_rng(seed)
        shapes = ((784, width), (width, 10))
        parameters = [(jnp.asarray(rng.normal(0, (2 / s[0]) ** 0.5, s), jnp.float32), jnp.zeros(s[1])) for s in shapes]
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        state = (parameters, zeros, zeros, jnp.zeros(()))
        began = time.perf_counter()
        for rate, epochs in schedule:
            for _ in range(epochs):
                order = rng.permutation(len(X))[:whole].astype(np.int32).reshape(-1, batch)
                state = epoch(state, order, rate)
        jax.block_until_ready(state)
        return time.perf_counter() - began, state[0]

    train(seed + 1000)
    seconds, parameters = train(seed)
    return seconds, float((scores(parameters, X_test).argmax(1) == y_test).mean())


LIBRARIES = {"cmlp": with_cmlp, "jax": with_jax, "torch": with_torch, "sklearn": with_sklearn}


def race(libraries, threads):
    for name in libraries:
        for width, batch, schedule in SETTINGS:
            runs = []
            for seed in range(SEEDS):
                command = [sys.executable, __file__, "--one", json.dumps([name, width, batch, schedule, seed, threads])]
                runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            seconds, scores = zip(*runs, strict=True)
            reached = "yes" if min(scores) >= GOAL else "no"
            rates = ", ".join(f"{epochs} at {rate:g}" for rate, epochs in schedule)
            span = f"{100 * min(scores):.2f} to {100 * max(scores):.2f} %"
            yield name, f"784-{width}-10", batch, rates, span, reached, f"{statistics.median(seconds):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=list(LIBRARIES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        name, *setting, threads = json.loads(given.one)
        print(json.dumps(LIBRARIES[name](*setting, mnist(), threads)))
        return
    print(machine(), f"\n\n{SEEDS} seeds each; epochs at learning rates of Adam\n")
    header = ["library", "network", "batch", "epochs", "test accuracy", "98 % by all", "seconds (median)"]
    print_table(header, race(given.libraries, given.threads))


if __name__ == "__main__":
    main()
