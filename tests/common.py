"""What several test files need: dtypes, tolerances, random data for any loss."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cmlp
from cmlp import activations, losses, reference
from cmlp.runtime import neighbours, registry, threads

DTYPES = ["float32", "float64"]
SEED = int(os.environ.get("CMLP_TEST_SEED", "0"))
ROUNDS = int(os.environ.get("CMLP_TEST_ROUNDS", "1"))  # times that many random cases
CHECKOUT = Path(__file__).parents[1]
IN_PLACE = Path(cmlp.__file__).parents[1] == CHECKOUT  # an editable install, or a core compiled beside its sources

# For one pass of a few layers of a few units; a test that does more says how much more.
TOLERANCE = {"float32": {"rtol": 2e-6, "atol": 2e-6}, "float64": {"rtol": 1e-14, "atol": 1e-14}}

HIDDEN = [name for name, kind in activations.BY_NAME.items() if kind.hidden]
CHANGED = {"huber": losses.Huber(0.7), "quantile": losses.Quantile((0.2, 0.7)), "cross_entropy": losses.CrossEntropy(0.1)}
LOSSES = {name: CHANGED.get(name) or losses.resolve(name) for name in registry.losses}
ON_OUTPUTS = [name for name, info in registry.losses.items() if info.link is None]
VARIANTS = [cmlp.RMSprop(momentum=0.9), cmlp.RMSprop(centered=True, momentum=0.5)]
HYPER = {optimizer.name: optimizer for optimizer in [*(kind() for kind in cmlp.optimizers.CLASSES), *VARIANTS]}


def slow(*cases):
    """Cases of a parametrized test that say little more than the others."""
    return [pytest.param(case, marks=pytest.mark.slow) for case in cases]


def seeds(n, fast):
    """That many seeds of random cases, of which the first few are fast enough to be run always."""
    return [*range(fast), *slow(*range(fast, n * ROUNDS))]


def paired(one, other):
    """(name, name, dtype): each of two registries that do not know of each other in each dtype, with two partners."""
    one, other = list(one), list(other)
    return [
        (one[k % len(one)], other[(k + shift) % len(other)], dtype)
        for shift, dtype in enumerate(DTYPES)
        for k in range(max(len(one), len(other)))
    ]


def tolerance(dtype, factor=1):
    return {name: factor * value for name, value in TOLERANCE[dtype].items()}


def numbers_of(optimizer):
    """The hyper-parameters of an optimizer without schedules, in the order of its kernel."""
    return tuple(optimizer.table(0, 1, 1, 1)[0].tolist())


def values_of(loss):
    """The hyper-parameters that the tests give a loss: not always its defaults, which may do nothing."""
    return LOSSES[loss].values


def targets_for(loss, rng, n_samples, n_outputs, dtype="float64"):
    """A matrix Y that the loss accepts."""
    n_targets = n_outputs // LOSSES[loss].outputs_per_target
    if loss == "log_loss":
        return (rng.random((n_samples, n_outputs)) < 0.4).astype(dtype)
    if loss in ("cross_entropy", "perceptron"):
        codes = rng.integers(0, n_outputs, n_samples)
        off = registry.losses[loss].off
        return np.where(codes[:, None] == np.arange(n_outputs), 1.0, off).astype(dtype)
    if loss == "poisson":
        return rng.poisson(2.0, (n_samples, n_targets)).astype(dtype)
    if loss == "gamma":
        return rng.gamma(2.0, size=(n_samples, n_targets)).astype(dtype)
    return rng.normal(size=(n_samples, n_targets)).astype(dtype)


def flat(gradients):
    """[(dW, db, ...), ...] as one vector laid out as theta is."""
    return np.concatenate([d.ravel() for blocks in gradients for d in blocks if d is not None])


def reference_fit(net, X, Y, optimizer, **settings):
    """`reference.fit` from where a network is, with an optimizer object; the inputs scaled as the network does."""
    hyper = dict(zip(registry.optimizers[optimizer.name].hyper, numbers_of(optimizer)))
    X = X.astype("float64") * net.input_scale
    return reference.fit(
        net.layers,
        X,
        Y,
        loss=net.loss,
        loss_values=net.loss_function.values,
        optimizer=optimizer.name,
        hyper=hyper,
        seed=net.shuffle_seed,
        input_noise=net._architecture.input_noise,
        input_dropout=net._architecture.input_dropout,
        **settings,
    )


def take_all_threads(monkeypatch):
    """As many threads as n_threads says, also where the library would wake fewer: a batch of few rows is a single tile."""
    ignore_neighbours(monkeypatch)
    monkeypatch.setattr(threads, "worth", lambda between, tiles, n_threads: n_threads or 1)


def ignore_neighbours(monkeypatch):
    """No pass is too brief for several threads, and no processor busy."""
    monkeypatch.setattr(threads, "BRIEF", 0)
    monkeypatch.setattr(neighbours, "idle_processors", lambda: 1000)


def environment():
    """That of another process that shall have the same cmlp."""
    return os.environ | ({"PYTHONPATH": str(CHECKOUT)} if IN_PLACE else {})


def run_python(*arguments, without=(), **more):
    """Python in a process of its own; -P keeps the folder it starts in out of its path."""
    inherited = {name: value for name, value in environment().items() if name not in without}
    command = [sys.executable, "-P", *map(str, arguments)]
    return subprocess.run(command, env=inherited | more, capture_output=True, text=True)


def three_sets():
    """(X, y), (X_val, y_val), (X_test, y_test)"""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(180, 4))
    y = (X[:, 0] + rng.normal(size=180) > 0).astype(int)
    return (X[:80], y[:80]), (X[80:130], y[80:130]), (X[130:], y[130:])
