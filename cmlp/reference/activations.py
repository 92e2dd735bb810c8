"""Activation functions, A = f(Z), and how a gradient passes back through them, dZ = dA * f'(Z). Twin of _activations.pyx.

Each is a pair of functions: ``name(Z, parameter)`` and ``name_backward(Z, A, dA, parameter)``. Where f'(Z) can be told
from A, it is.
"""

import numpy as np


def identity(Z, parameter):
    """A = Z."""
    return Z.copy()


def identity_backward(Z, A, dA, parameter):
    """dA/dZ = 1."""
    return dA


def sign(Z, parameter):
    """A = +1 where Z >= 0, else -1: the output of Rosenblatt's perceptron (1958), with sign(0) = +1."""
    return np.where(Z >= 0, 1.0, -1.0)


def sign_backward(Z, A, dA, parameter):
    """dA/dZ = 0 wherever it exists."""
    return np.zeros_like(dA)


def sigmoid(Z, parameter):
    """A = 1 / (1 + e^-Z), written as e^-log(1 + e^-Z), which does not overflow."""
    return np.exp(-np.logaddexp(0, -Z))


def sigmoid_backward(Z, A, dA, parameter):
    """dA/dZ = A (1 - A)."""
    return dA * A * (1 - A)


def tanh(Z, parameter):
    """A = tanh(Z) = (e^Z - e^-Z) / (e^Z + e^-Z)."""
    return np.tanh(Z)


def tanh_backward(Z, A, dA, parameter):
    """dA/dZ = 1 - A^2."""
    return dA * (1 - A**2)


def relu(Z, parameter):
    """A = max(0, Z) (Nair and Hinton, ICML 2010)."""
    return np.maximum(0, Z)


def relu_backward(Z, A, dA, parameter):
    """dA/dZ = 1 where A > 0, else 0; at Z = 0, where there is no derivative, 0."""
    return dA * (A > 0)


def leaky_relu(Z, slope):
    """A = Z where Z > 0, else slope Z (Maas, Hannun and Ng, ICML 2013 workshop; their slope is 0.01)."""
    return np.where(Z > 0, Z, slope * Z)


def leaky_relu_backward(Z, A, dA, slope):
    """dA/dZ = 1 where A > 0, else slope."""
    return dA * np.where(A > 0, 1.0, slope)


def exponential(Z, parameter):
    """A = e^Z."""
    return np.exp(Z)


def exponential_backward(Z, A, dA, parameter):
    """dA/dZ = A."""
    return dA * A


def softmax(Z, parameter):
    """A_ij = e^Z_ij / sum_k e^Z_ik (Bridle 1990); the largest Z of a row taken off first changes nothing but overflow."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def softmax_backward(Z, A, dA, parameter):
    """dA_ik/dZ_ij = A_ik ([j = k] - A_ij), hence dZ_ij = A_ij (dA_ij - sum_k A_ik dA_ik)."""
    return A * (dA - (A * dA).sum(axis=1, keepdims=True))


ACTIVATIONS = {
    "identity": (identity, identity_backward),
    "sign": (sign, sign_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "exponential": (exponential, exponential_backward),
    "softmax": (softmax, softmax_backward),
}


def activation_forward(name, Z, parameter=0.0):
    """A (n_samples, fan_out) = f(Z)."""
    return ACTIVATIONS[name][0](Z, parameter)


def activation_backward(name, Z, A, dA, parameter=0.0):
    """dZ (n_samples, fan_out) = dA * f'(Z)."""
    return ACTIVATIONS[name][1](Z, A, dA, parameter)
