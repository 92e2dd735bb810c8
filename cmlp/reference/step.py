"""A step, and whole trainings. Twin of _step.pyx."""

from dataclasses import replace

import numpy as np

from cmlp.reference import regular
from cmlp.reference.activations import activation_backward
from cmlp.reference.losses import LINKS, loss_gradient
from cmlp.reference.optimizers import OPTIMIZERS, optimizer_change
from cmlp.reference.parameters import accumulate
from cmlp.reference.propagation import backward, forward
from cmlp.reference.random import permutation


def gradient(layers, X, Y, loss, sample_weight=None, loss_values=()):
    """The mean loss of the samples, and its gradient [(dW, db), ...].

    cost = 1/n sum_i sample_weight_i loss_i. The loss gives dZ of the last layer, through the output function where the loss
    is one on outputs; `backward` gives the others; `accumulate` the parameters'.
    """
    Z, A = forward(layers, X)
    last = layers[-1]
    if loss in LINKS:
        total, dZ_last = loss_gradient(loss, Z[-1], Y, sample_weight, 1 / len(X), loss_values)
    else:
        total, dA = loss_gradient(loss, A[-1], Y, sample_weight, 1 / len(X), loss_values)
        dZ_last = activation_backward(last.activation, Z[-1], A[-1], dA, last.parameter)
    dZ = backward(layers, Z, A, dZ_last)
    return total / len(X), accumulate(layers, X, A, dZ)


def cost(layers, X, Y, loss, sample_weight=None, loss_values=()):
    """The mean loss of the samples: 1/n sum_i sample_weight_i loss_i."""
    Z, A = forward(layers, X)
    return loss_gradient(loss, Z[-1] if loss in LINKS else A[-1], Y, sample_weight, 1.0, loss_values)[0] / len(X)


def fit(
    layers,
    X,
    Y,
    *,
    loss,
    loss_values=(),
    optimizer="sgd",
    hyper,
    batch_size,
    epochs,
    shuffle=True,
    seed=0,
    sample_weight=None,
    rules=None,
    dtype="float64",
):
    """Train a network, from the layers given, in the same order of samples as the compiled core.

    Parameters
    ----------
    layers : list of `cmlp.layers.Layer`
        Where to start; they are not changed.
    X : ndarray (n_samples, n_features)
    Y : ndarray (n_samples, n_targets)
    loss, optimizer : str
    loss_values : tuple of float
        The loss's hyper-parameters: ``net.objective.values`` of a network.
    hyper : dict
        The optimizer's hyper-parameters by name; each a number, or an array of its values in steps 0, 1, ...
    batch_size, epochs : int
    shuffle : bool
        A new order for every epoch, unless the batch is the whole set.
    seed : int
        Key of the orders: ``net.shuffle_seed`` of a network.
    sample_weight : ndarray (n_samples,), optional
        Used as it is: its mean should be 1.
    rules : `cmlp.rules.Rules`, optional
        What an update does besides the optimizer's step; its running mean is moved in place.
    dtype : str
        What everything is computed in.

    Returns
    -------
    layers : list of `cmlp.layers.Layer`
    losses : list of float (epochs,)
        Mean over the samples of each epoch, each before its own update.
    changes : list of float (epochs,)
        The largest change of a parameter in any update of the epoch.
    """
    layers = [replace(layer, W=layer.W.astype(dtype), b=None if layer.b is None else layer.b.astype(dtype)) for layer in layers]
    X, Y = X.astype(dtype), Y.astype(dtype)
    parameters = [p for layer in layers for p in (layer.W, layer.b) if p is not None]
    state = [[np.zeros_like(p)] * OPTIMIZERS[optimizer][1] for p in parameters]
    losses, changes, t = [], [], 0
    for epoch in range(epochs):
        order = permutation(len(X), seed, epoch) if shuffle and batch_size < len(X) else np.arange(len(X))
        total, largest = 0.0, 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            weight = None if sample_weight is None else sample_weight[rows]
            batch_cost, gradients = gradient(layers, X[rows], Y[rows], loss, weight, loss_values)
            t += 1
            now = {name: value if np.isscalar(value) else value[t - 1] for name, value in hyper.items()}
            d = prepare(parameters, [d for pair in gradients for d in pair if d is not None], rules)
            largest = max(largest, update(parameters, d, state, optimizer, now, t, rules))
            total += batch_cost * len(rows)
        losses.append(float(total / len(X)) + penalties(parameters, rules))
        changes.append(float(largest))
    return layers, losses, changes


def prepare(parameters, gradients, rules):
    """The gradient of every block as the optimizer is given it: with penalties, and clipped."""
    if rules is None:
        return gradients
    gradients = [regular.penalise(d, p, row[1], row[2]) for p, d, row in zip(parameters, gradients, rules.blocks)]
    factor = regular.clipping_factor(gradients, rules.clip_norm)
    factors = [regular.clipping_factor([d], rules.clip_norm) if rules.by_block else factor for d in gradients]
    return [regular.clip(d, factor, rules.clip_value) for d, factor in zip(gradients, factors)]


def update(parameters, gradients, state, optimizer, hyper, t, rules):
    """theta = theta + change for every block, in place; returns the largest abs(change)."""
    largest, place = 0.0, 0
    for k, (p, d) in enumerate(zip(parameters, gradients)):
        change, state[k] = optimizer_change(optimizer, d, state[k], hyper, t)
        if rules is not None:
            rate, _, _, decay, _ = rules.blocks[k]
            change = regular.decay(change, p, rate, rate * decay * hyper["learning_rate"])
        p += change
        largest = max(largest, np.abs(change).max())
        if rules is not None and rules.blocks[k][4]:
            p[...] = regular.limit_columns(p, rules.blocks[k][4])
        if rules is not None and rules.average is not None:
            mean = rules.average[place : place + p.size].reshape(p.shape)
            mean[...] = regular.average(mean, p, rules.average_share)
        place += p.size
    return largest


def penalties(parameters, rules):
    """What the penalties add to the loss."""
    if rules is None:
        return 0.0
    return float(sum(regular.penalty(p, row[1], row[2]) for p, row in zip(parameters, rules.blocks)))
