"""Batch and layer normalization, and their gradients. Twin of _norms.pyx.

hat (n_samples, n_units) = (Z - mean) / sqrt(variance + eps), over the samples (batch, axis 0) or the units (layer, axis 1).
"""

import numpy as np

AXIS = {"batch": 0, "layer": 1}


def statistics(name, Z):
    """mean and variance = mean((Z - mean)^2) of the batch, (1, n_units), or of each sample, (n_samples, 1)."""
    return Z.mean(axis=AXIS[name], keepdims=True), Z.var(axis=AXIS[name], keepdims=True)


def normalise(Z, mean, variance, eps):
    """hat = (Z - mean) / sqrt(variance + eps)           (Ioffe and Szegedy, ICML 2015; Ba, Kiros and Hinton 2016)"""
    return (Z - mean) / np.sqrt(variance + eps)


def normalise_backward(name, dhat, hat, variance, eps, constant=False):
    """dZ = (dhat - mean(dhat) - hat mean(dhat hat)) / sqrt(variance + eps), with means over the same axis.

    With constant=True, where mean and variance are running statistics: dZ = dhat / sqrt(variance + eps).
    """
    if constant:
        return dhat / np.sqrt(variance + eps)
    centered = dhat - dhat.mean(axis=AXIS[name], keepdims=True)
    return (centered - hat * (dhat * hat).mean(axis=AXIS[name], keepdims=True)) / np.sqrt(variance + eps)


def move(running, batch, momentum):
    """running = running + momentum (batch - running)."""
    return running + momentum * (batch - running)
