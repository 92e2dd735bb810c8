"""The gradient of a mini-batch, an update, a whole training. Twin of _step.pyx."""

from dataclasses import replace

import numpy as np

from cmlp.reference import regularization
from cmlp.reference.activations import activation_backward
from cmlp.reference.losses import LINKS, loss_gradient
from cmlp.reference.norms import move
from cmlp.reference.optimizers import OPTIMIZERS, optimizer_change
from cmlp.reference.parameters import accumulate
from cmlp.reference.propagation import backward, disturb, forward
from cmlp.reference.random import Draw, permutation


def gradient(layers, X, Y, loss, sample_weight=None, loss_values=(), draw=None, training=False):
    """(mean loss, its gradient [(dW, db, ...), ...]).

    cost = 1/n sum_i sample_weight_i loss_i. The loss gives dZ of the last layer, through the output function if it takes
    outputs instead of logits; `backward` gives dZ of the other layers, `accumulate` the gradients of the parameters. draw,
    training: see `forward`.
    """
    values = forward(layers, X, draw, training)
    total, dZ_last = loss_of(layers[-1], values[-1], Y, loss, sample_weight, 1 / X.shape[0], loss_values)
    return total / X.shape[0], accumulate(layers, X, values, backward(layers, values, dZ_last))


def cost(layers, X, Y, loss, sample_weight=None, loss_values=(), draw=None, training=False):
    """The mean loss of the samples: 1/n sum_i sample_weight_i loss_i."""
    last = forward(layers, X, draw, training)[-1]
    return loss_of(layers[-1], last, Y, loss, sample_weight, 1.0, loss_values)[0] / X.shape[0]


def loss_of(layer, value, Y, loss, sample_weight, scale, loss_values):
    """(sum of the losses, dZ of the last layer)."""
    if callable(loss) or loss in LINKS:
        return loss_gradient(loss, value.Z, Y, sample_weight, scale, loss_values)
    total, dA = loss_gradient(loss, value.A, Y, sample_weight, scale, loss_values)
    return total, activation_backward(layer.activation, value.Z, value.A, dA, layer.parameter)


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
    accumulated=1,
    shuffle=True,
    seed=0,
    sample_weight=None,
    rules=None,
    input_noise=0.0,
    input_dropout=0.0,
    dtype="float64",
):
    """Train a network, with the mini-batches, dropout masks and noise of the compiled core.

    Parameters
    ----------
    layers : list of `cmlp.layers.Layer`
        The initial parameters; they are not changed.
    X : ndarray or sparse array (n_samples, n_features)
    Y : ndarray (n_samples, n_targets)
    loss : str, or a function of (Z, Y)
    optimizer : str
    loss_values : tuple of float
        The hyperparameters of the loss: ``net.loss_function.values`` of a network.
    hyper : dict
        The hyperparameters of the optimizer by name; each a number, or an array of its values in steps 0, 1, ... It may also
        hold "dropout", the probability in the hidden layers that have dropout, and "decay", the weight decay that follows a
        schedule, which is added to that of its blocks.
    batch_size, epochs : int
    accumulated : int
        Gradient accumulation: mini-batches per update.
    shuffle : bool
        Shuffle the samples in every epoch, unless an update takes the full batch.
    seed : int
        Seed of the order of the samples, of dropout and noise: ``net.shuffle_seed`` of a network.
    sample_weight : ndarray (n_samples,), optional
        Not rescaled: its mean should be 1.
    rules : `cmlp.regularization.UpdateRules`, optional
        Penalties, clipping, weight decay and EMA; the EMA is updated in place.
    input_noise, input_dropout : float
    dtype : str
        Of all computations.

    Returns
    -------
    layers : list of `cmlp.layers.Layer`
    losses : list of float (epochs,)
        The mean loss of each epoch, of each sample before the update that it takes part in.
    changes : list of float (epochs,)
        The largest change of a parameter in any update of the epoch.
    """
    layers, X, Y = [copy_of(layer, dtype) for layer in layers], X.astype(dtype), Y.astype(dtype)
    parameters = [p for layer in layers for p in layer.parameters().values()]
    state = [[np.zeros_like(p)] * OPTIMIZERS[optimizer][1] for p in parameters]
    losses, changes, t = [], [], 0
    update_size = batch_size * accumulated
    for epoch in range(epochs):
        order = permutation(X.shape[0], seed, epoch) if shuffle and update_size < X.shape[0] else np.arange(X.shape[0])
        total, largest = 0.0, 0.0
        for start in range(0, X.shape[0], update_size):
            rows = order[start : start + update_size]
            t += 1
            now = {name: value if np.isscalar(value) else value[t - 1] for name, value in hyper.items()}
            X_rows = disturb(X[rows], Draw(seed, t), input_noise, input_dropout)
            weight = None if sample_weight is None else sample_weight[rows]
            settings = loss, weight, loss_values, batch_size, Draw(seed, t), now.get("dropout")
            sum_of_losses, gradients, moved = gradient_of_update(layers, X_rows, Y[rows], *settings)
            d = prepare(parameters, gradients, rules)
            largest = max(largest, update(parameters, d, state, optimizer, now, t, rules))
            move_running(layers, moved, rules)
            total += sum_of_losses
        losses.append(float(total / X.shape[0]) + penalties(parameters, rules))
        changes.append(float(largest))
    return layers, losses, changes


def copy_of(layer, dtype):
    """A copy of a layer in another dtype."""
    names = ("W", "b", "scale", "shift", "slope", "P", "mean", "variance")
    arrays = {name: getattr(layer, name).astype(dtype) for name in names if getattr(layer, name) is not None}
    return replace(layer, **arrays)


def gradient_of_update(layers, X, Y, loss, sample_weight, loss_values, batch_size, draw, dropout):
    """(sum of the losses, gradient of their mean, updated running statistics).

    Gradients of the mini-batches are summed; each mini-batch is normalized by its own statistics.
    """
    if dropout is not None:
        layers = [replace(layer, dropout=dropout) if layer.dropout else layer for layer in layers]
    total, sums, moved = 0.0, None, {l: (layer.mean, layer.variance) for l, layer in enumerate(layers)}
    for start in range(0, X.shape[0], batch_size):
        rows = slice(start, start + batch_size)
        shifted = replace(draw, first=start)
        values = forward(layers, X[rows], shifted, True)
        weight = None if sample_weight is None else sample_weight[rows]
        batch_total, dZ = loss_of(layers[-1], values[-1], Y[rows], loss, weight, 1 / X.shape[0], loss_values)
        gradients = accumulate(layers, X[rows], values, backward(layers, values, dZ))
        flat = [d for blocks in gradients for d in blocks if d is not None]
        sums = flat if sums is None else [a + b for a, b in zip(sums, flat)]
        total += batch_total
        for l, (layer, value) in enumerate(zip(layers, values)):
            if layer.mean is not None and not value.constant:
                n, (mean, variance) = len(value.Z), moved[l]
                unbiased = value.variance[0] * n / (n - 1)
                moved[l] = move(mean, value.mean[0], layer.norm.momentum), move(variance, unbiased, layer.norm.momentum)
    return total, sums, moved


def move_running(layers, moved, rules):
    """Update the running statistics of all layers in place, and their EMA, which follows that of theta."""
    place = sum(p.size for layer in layers for p in layer.parameters().values())
    for l, layer in enumerate(layers):
        for running, target in zip((layer.mean, layer.variance), moved[l]):
            if running is None:
                continue
            running[...] = target
            if rules is not None and rules.ema is not None:
                mean = rules.ema[place : place + running.size]
                mean[...] = regularization.ema(mean, running, rules.ema_share)
            place += running.size


def prepare(parameters, gradients, rules):
    """The gradients that the optimizer takes: with penalties, clipped."""
    if rules is None:
        return gradients
    gradients = [regularization.penalise(d, p, row[1], row[2]) for p, d, row in zip(parameters, gradients, rules.blocks)]
    factor = regularization.clipping_factor(gradients, rules.clip_norm)
    factors = [regularization.clipping_factor([d], rules.clip_norm) if rules.by_block else factor for d in gradients]
    return [regularization.clip(d, factor, rules.clip_value) for d, factor in zip(gradients, factors)]


def update(parameters, gradients, state, optimizer, hyper, t, rules):
    """Update every block in place, theta = theta + change; returns the largest abs(change)."""
    largest, place = 0.0, 0
    for k, (p, d) in enumerate(zip(parameters, gradients)):
        own = {name: value for name, value in hyper.items() if name not in ("dropout", "decay")}
        change, state[k] = optimizer_change(optimizer, d, state[k], own, t)
        if rules is not None:
            rate, _, _, decay, _, scheduled = rules.blocks[k]
            decay += scheduled * hyper.get("decay", 0.0)
            change = regularization.decay(change, p, rate, rate * decay * hyper["learning_rate"])
        p += change
        largest = max(largest, np.abs(change).max())
        if rules is not None and rules.blocks[k][4]:
            p[...] = regularization.limit_columns(p, rules.blocks[k][4])
        if rules is not None and rules.ema is not None:
            mean = rules.ema[place : place + p.size].reshape(p.shape)
            mean[...] = regularization.ema(mean, p, rules.ema_share)
        place += p.size
    return largest


def penalties(parameters, rules):
    """The sum of the penalties of all blocks, which is added to the loss."""
    if rules is None:
        return 0.0
    return float(sum(regularization.penalty(p, row[1], row[2]) for p, row in zip(parameters, rules.blocks)))
