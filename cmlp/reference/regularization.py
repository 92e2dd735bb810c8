"""Penalties, gradient clipping, weight decay, max-norm constraint, EMA of the weights. Twin of _regularization.pyx."""

import numpy as np


def penalise(d, theta, l1, l2):
    """The gradient with penalties, d + l2 theta + l1 sign(theta); the derivative of abs at 0 is taken as 0."""
    return d + l2 * theta + l1 * np.sign(theta)


def penalty(theta, l1, l2):
    """L1 and L2 penalty: l1 sum abs(theta) + l2 / 2 sum theta^2."""
    return l1 * np.abs(theta).sum() + l2 / 2 * (theta**2).sum()


def clipping_factor(gradients, most):
    """Clipping by norm: most / norm where norm = sqrt(sum of squares) > most, else 1 (Pascanu et al., ICML 2013)."""
    norm = np.sqrt(sum((d.astype("float64") ** 2).sum() for d in gradients))
    return most / norm if norm > most else 1.0


def clip(d, factor, most):
    """factor d, clipped to [-most, most]."""
    return np.clip(factor * d, -most, most)


def decay(change, theta, factor, share):
    """Decoupled weight decay: factor change - share theta (Loshchilov and Hutter, ICLR 2019).

    share = factor learning_rate weight_decay.
    """
    return factor * change - share * theta


def limit_columns(W, most):
    """Max-norm constraint: columns of W are rescaled to norm most if longer (Srivastava et al., JMLR 2014, section 5.1)."""
    norms = np.sqrt((W**2).sum(axis=0))
    return W * np.where(norms > most, most / np.maximum(norms, most), 1)


def ema(mean, theta, share):
    """Exponential moving average of the weights: mean + share (theta - mean) (after Polyak and Juditsky 1992)."""
    return mean + share * (theta - mean)
