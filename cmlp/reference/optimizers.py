"""Optimizers: the update of the parameters from the gradient. Twin of _optimizers.pyx.

Each function takes the gradient d, the optimizer state (a list of slots, arrays of the shape of d), the number of the update
t = 1, 2, ... and the hyperparameters by name. It returns the change and the new state. Then theta = theta + change.
"""

from collections.abc import Callable

import numpy as np


def sgd(d, state, t, *, learning_rate):
    """change = -learning_rate d (Cauchy 1847; Robbins and Monro 1951)."""
    return -learning_rate * d, []


def momentum(d, state, t, *, learning_rate, momentum):
    """velocity = momentum velocity - learning_rate d; change = velocity (Polyak 1964)."""
    velocity = momentum * state[0] - learning_rate * d
    return velocity, [velocity]


def nesterov(d, state, t, *, learning_rate, momentum):
    """velocity as for momentum; change = momentum velocity - learning_rate d (Sutskever et al., ICML 2013)."""
    velocity = momentum * state[0] - learning_rate * d
    return momentum * velocity - learning_rate * d, [velocity]


def rmsprop(d, state, t, *, learning_rate, rho, epsilon):
    """mean_square = rho mean_square + (1 - rho) d^2; change = -learning_rate d / (sqrt(mean_square) + epsilon).

    Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
    """
    mean_square = rho * state[0] + (1 - rho) * d**2
    return -learning_rate * d / (np.sqrt(mean_square) + epsilon), [mean_square]


def rmsprop_momentum(d, state, t, *, learning_rate, rho, epsilon, momentum):
    """velocity = momentum velocity + d / (sqrt(mean_square) + epsilon); change = -learning_rate velocity.

    mean_square as for rmsprop. Graves, "Generating sequences with recurrent neural networks", 2013, not centered.
    """
    mean_square = rho * state[0] + (1 - rho) * d**2
    velocity = momentum * state[1] + d / (np.sqrt(mean_square) + epsilon)
    return -learning_rate * velocity, [mean_square, velocity]


def rmsprop_centered(d, state, t, *, learning_rate, rho, epsilon, momentum):
    """rmsprop_momentum with the variance, mean_square - mean^2, for mean_square (Graves 2013, equations 38 to 41)."""
    mean_square = rho * state[0] + (1 - rho) * d**2
    mean = rho * state[1] + (1 - rho) * d
    velocity = momentum * state[2] + d / (np.sqrt(np.maximum(mean_square - mean**2, 0)) + epsilon)
    return -learning_rate * velocity, [mean_square, mean, velocity]


def adagrad(d, state, t, *, learning_rate, epsilon):
    """total = total + d^2; change = -learning_rate d / (sqrt(total) + epsilon) (Duchi, Hazan and Singer, JMLR 2011)."""
    total = state[0] + d**2
    return -learning_rate * d / (np.sqrt(total) + epsilon), [total]


def adadelta(d, state, t, *, learning_rate, rho, epsilon):
    """step = sqrt(mean_step + epsilon) / sqrt(mean_square + epsilon) d; change = -learning_rate step.

    mean_square and mean_step are moving averages of d^2 and step^2 (Zeiler 2012, algorithm 1; there learning_rate is 1).
    """
    mean_square = rho * state[0] + (1 - rho) * d**2
    step = np.sqrt(state[1] + epsilon) / np.sqrt(mean_square + epsilon) * d
    return -learning_rate * step, [mean_square, rho * state[1] + (1 - rho) * step**2]


def adam(d, state, t, *, learning_rate, beta_1, beta_2, epsilon):
    """change = -learning_rate m_hat / (sqrt(v_hat) + epsilon), of bias-corrected moving averages m of d and v of d^2.

    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """
    m = beta_1 * state[0] + (1 - beta_1) * d
    v = beta_2 * state[1] + (1 - beta_2) * d**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return -learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), [m, v]


def amsgrad(d, state, t, *, learning_rate, beta_1, beta_2, epsilon):
    """adam with the maximum of all v so far in place of v (Reddi, Kale and Kumar, ICLR 2018, algorithm 2)."""
    m = beta_1 * state[0] + (1 - beta_1) * d
    v = beta_2 * state[1] + (1 - beta_2) * d**2
    highest = np.maximum(state[2], v)
    change = -learning_rate * m / (1 - beta_1**t) / (np.sqrt(highest / (1 - beta_2**t)) + epsilon)
    return change, [m, v, highest]


def nadam(d, state, t, *, learning_rate, beta_1, beta_2, epsilon, momentum_decay):
    """adam with Nesterov momentum, whose factor increases as mu_t = beta_1 (1 - 0.96^(momentum_decay t) / 2).

    change = -learning_rate ((1 - mu_t) / (1 - M_t) d + mu_(t+1) / (1 - M_(t+1)) m) / (sqrt(v_hat) + epsilon), where M_t is the
    product of mu_1 ... mu_t (Dozat, ICLR workshop 2016, algorithm 2).
    """
    m = beta_1 * state[0] + (1 - beta_1) * d
    v = beta_2 * state[1] + (1 - beta_2) * d**2
    mu = beta_1 * (1 - 0.5 * 0.96 ** (momentum_decay * np.arange(1, t + 2)))
    product, next_product = mu[:-1].prod(), mu.prod()
    step = (1 - mu[-2]) / (1 - product) * d + mu[-1] / (1 - next_product) * m
    return -learning_rate * step / (np.sqrt(v / (1 - beta_2**t)) + epsilon), [m, v]


def radam(d, state, t, *, learning_rate, beta_1, beta_2, epsilon):
    """adam with a rectified learning rate while v averages few updates; momentum alone for about the first five.

    Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2.
    """
    m = beta_1 * state[0] + (1 - beta_1) * d
    v = beta_2 * state[1] + (1 - beta_2) * d**2
    m_hat = m / (1 - beta_1**t)
    limit = 2 / (1 - beta_2) - 1
    length = limit - 2 * t * beta_2**t / (1 - beta_2**t)
    if length <= 5:
        return -learning_rate * m_hat, [m, v]
    r = np.sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
    return -learning_rate * m_hat * r * np.sqrt(1 - beta_2**t) / (np.sqrt(v) + epsilon), [m, v]


def lion(d, state, t, *, learning_rate, beta_1, beta_2):
    """change = -learning_rate sign(beta_1 m + (1 - beta_1) d); m = beta_2 m + (1 - beta_2) d (Chen et al., NeurIPS 2023)."""
    return -learning_rate * np.sign(beta_1 * state[0] + (1 - beta_1) * d), [beta_2 * state[0] + (1 - beta_2) * d]


def rprop(d, state, t, *, learning_rate, eta_plus, eta_minus, min_step, max_step):
    """iRprop-: each parameter has its own step size, increased while the sign of d stays the same, decreased when it changes.

    change = -sign(d) step; where the sign has changed, the parameter is not updated once (Igel and Hüsken, NC 2000; Riedmiller
    and Braun, ICNN 1993). learning_rate is the initial step size. Only for the gradient of the full batch.
    """
    agreement = d * state[0]
    step = np.where(state[1] > 0, state[1], learning_rate)
    step = np.clip(
        np.where(agreement > 0, step * eta_plus, np.where(agreement < 0, step * eta_minus, step)), min_step, max_step
    )
    d = np.where(agreement < 0, 0, d)
    return -np.sign(d) * step, [d, step]


# name: (function, number of slots)
OPTIMIZERS: dict[str, tuple[Callable, int]] = {
    "sgd": (sgd, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "rmsprop": (rmsprop, 1),
    "rmsprop_momentum": (rmsprop_momentum, 2),
    "rmsprop_centered": (rmsprop_centered, 3),
    "adagrad": (adagrad, 1),
    "adadelta": (adadelta, 2),
    "adam": (adam, 2),
    "amsgrad": (amsgrad, 3),
    "nadam": (nadam, 2),
    "radam": (radam, 2),
    "lion": (lion, 1),
    "rprop": (rprop, 2),
}


def optimizer_change(name, d, state, hyper, t):
    """(change, new state); hyper: hyperparameters by name."""
    return OPTIMIZERS[name][0](d, state, t, **hyper)
