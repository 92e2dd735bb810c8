"""What is done to a gradient before the optimizer has it, and to its change before it is added. Twin of _regular.pyx."""

import numpy as np


def penalise(d, theta, l1, l2):
    """d + l2 theta + l1 sign(theta): the gradient of l1 abs(theta) + l2 theta^2 / 2, with that of abs at 0 taken as 0."""
    return d + l2 * theta + l1 * np.sign(theta)


def penalty(theta, l1, l2):
    """l1 sum abs(theta) + l2 / 2 sum theta^2."""
    return l1 * np.abs(theta).sum() + l2 / 2 * (theta**2).sum()


def clipping_factor(gradients, most):
    """most / norm where norm = sqrt(sum of all squares) > most, else 1 (Pascanu, Mikolov and Bengio, ICML 2013)."""
    norm = np.sqrt(sum((d.astype("float64") ** 2).sum() for d in gradients))
    return most / norm if norm > most else 1.0


def clip(d, factor, most):
    """factor d, cut off at -most and most."""
    return np.clip(factor * d, -most, most)


def decay(change, theta, factor, share):
    """factor change - share theta, with share = factor learning_rate weight_decay (Loshchilov and Hutter, ICLR 2019)."""
    return factor * change - share * theta


def limit_columns(W, most):
    """Columns of W longer than most, shortened to it (Srivastava et al., JMLR 2014, section 5.1)."""
    norms = np.sqrt((W**2).sum(axis=0))
    return W * np.where(norms > most, most / np.maximum(norms, most), 1)


def ema(mean, theta, share):
    """mean + share (theta - mean) (Polyak and Juditsky 1992, with a forgetting mean)."""
    return mean + share * (theta - mean)
