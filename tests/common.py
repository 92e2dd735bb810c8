"""What several test files need: dtypes, tolerances, random data for any loss."""

import os
import subprocess
import sys

import numpy as np

import cmlp
from cmlp import reference, registry

DTYPES = ["float32", "float64"]

# For one pass of a few layers of a few units; a test that does more says how much more.
TOLERANCE = {"float32": {"rtol": 2e-6, "atol": 2e-6}, "float64": {"rtol": 1e-14, "atol": 1e-14}}

HIDDEN = [name for name, info in registry.activations.items() if not info.output_only]
ON_OUTPUTS = [name for name, info in registry.losses.items() if info.link is None]
HYPER = {name: cmlp.optimizers.BY_NAME[name]() for name in registry.optimizers}


def tolerance(dtype, factor=1):
    return {name: factor * value for name, value in TOLERANCE[dtype].items()}


def targets_for(loss, rng, n_samples, n_outputs, dtype="float64"):
    """A matrix Y that the loss accepts."""
    if loss == "log_loss":
        return (rng.random((n_samples, n_outputs)) < 0.4).astype(dtype)
    if loss in ("cross_entropy", "perceptron"):
        codes = rng.integers(0, n_outputs, n_samples)
        off = registry.losses[loss].off
        return np.where(codes[:, None] == np.arange(n_outputs), 1.0, off).astype(dtype)
    return rng.normal(size=(n_samples, n_outputs)).astype(dtype)


def flat(gradients):
    """[(dW, db), ...] as one vector laid out as theta is."""
    return np.concatenate([d.ravel() for pair in gradients for d in pair if d is not None])


def reference_fit(net, X, Y, optimizer, **settings):
    """`reference.fit` from where a network is, with an optimizer object; the inputs scaled as the network does."""
    hyper = dict(zip(registry.optimizers[optimizer.name].hyper, optimizer.hyper))
    X = X.astype("float64") * net.input_scale
    return reference.fit(
        net.layers, X, Y, loss=net.loss, optimizer=optimizer.name, hyper=hyper, seed=net.shuffle_seed, **settings
    )


def run_python(*arguments, without=(), **environment):
    """Python in a process of its own; -P keeps the folder it starts in, perhaps that of the sources, out of its path."""
    inherited = {name: value for name, value in os.environ.items() if name not in without}
    command = [sys.executable, "-P", *map(str, arguments)]
    return subprocess.run(command, env=inherited | environment, capture_output=True, text=True, timeout=600)
