"""Optimizers: what a gradient moves the parameters by. Twin of _optimizers.pyx.

Each function takes the gradient d, the memory ``state`` (one array a slot, each of the shape of d), the update's number
t = 1, 2, ... and the hyper-parameters by name; it returns the change and the new memory. Then theta = theta + change.
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
    """velocity as above; change = momentum velocity - learning_rate d (Sutskever et al., ICML 2013)."""
    velocity = momentum * state[0] - learning_rate * d
    return momentum * velocity - learning_rate * d, [velocity]


def rmsprop(d, state, t, *, learning_rate, rho, epsilon):
    """mean_square = rho mean_square + (1 - rho) d^2; change = -learning_rate d / (sqrt(mean_square) + epsilon).

    Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012.
    """
    mean_square = rho * state[0] + (1 - rho) * d**2
    return -learning_rate * d / (np.sqrt(mean_square) + epsilon), [mean_square]


def adam(d, state, t, *, learning_rate, beta_1, beta_2, epsilon):
    """m and v, running means of d and d^2, each divided by what it lacks from starting at 0.

    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """
    m = beta_1 * state[0] + (1 - beta_1) * d
    v = beta_2 * state[1] + (1 - beta_2) * d**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return -learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), [m, v]


# name: (function, number of slots)
OPTIMIZERS: dict[str, tuple[Callable, int]] = {
    "sgd": (sgd, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "rmsprop": (rmsprop, 1),
    "adam": (adam, 2),
}


def optimizer_change(name, d, state, hyper, t):
    """(change, new state); hyper is a dict of hyper-parameters."""
    return OPTIMIZERS[name][0](d, state, t, **hyper)
