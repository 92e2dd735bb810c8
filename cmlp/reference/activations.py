"""Activation functions A = f(Z) and their backward passes dZ = dA * f'(Z). Twin of _activations.pyx.

Each is a pair of functions: ``name(Z, parameter)`` and ``name_backward(Z, A, dA, parameter)``. Where possible, f'(Z) is
computed from A.
"""

import numpy as np
from scipy.special import ndtr


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
    """dA/dZ = 1 where A > 0, else 0; at Z = 0, where f is not differentiable, 0."""
    return dA * (A > 0)


def leaky_relu(Z, slope):
    """A = Z where Z > 0, else slope Z (Maas, Hannun and Ng, ICML 2013 workshop; their slope is 0.01)."""
    return np.where(Z > 0, Z, slope * Z)


def leaky_relu_backward(Z, A, dA, slope):
    """dA/dZ = 1 where A > 0, else slope."""
    return dA * np.where(A > 0, 1.0, slope)


def prelu(Z, slope):
    """A = Z where Z > 0, else slope Z, with learned slopes (fan_out,) (He, Zhang, Ren and Sun, ICCV 2015, equation 1)."""
    return np.where(Z > 0, Z, slope * Z)


def prelu_backward(Z, A, dA, slope):
    """dA/dZ = 1 where Z > 0, else slope; for the gradient of slope see `cmlp.reference.accumulate`."""
    return dA * np.where(Z > 0, 1.0, slope)


def elu(Z, alpha):
    """A = Z where Z > 0, else alpha (e^Z - 1) (Clevert, Unterthiner and Hochreiter, ICLR 2016)."""
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


def elu_backward(Z, A, dA, alpha):
    """dA/dZ = 1 where Z > 0, else A + alpha."""
    return dA * np.where(A > 0, 1.0, A + alpha)


SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def selu(Z, parameter):
    """A = scale elu(Z, alpha), with the scale and alpha that preserve mean 0 and variance 1 (Klambauer et al., NIPS 2017)."""
    return SELU_SCALE * elu(Z, SELU_ALPHA)


def selu_backward(Z, A, dA, parameter):
    """dA/dZ = scale where Z > 0, else A + scale alpha."""
    return dA * np.where(A > 0, SELU_SCALE, A + SELU_SCALE * SELU_ALPHA)


def softplus(Z, parameter):
    """A = log(1 + e^Z) (Dugas et al., NIPS 2000)."""
    return np.logaddexp(0, Z)


def softplus_backward(Z, A, dA, parameter):
    """dA/dZ = sigmoid(Z) = 1 - e^-A."""
    return dA * -np.expm1(-A)


def softsign(Z, parameter):
    """A = Z / (1 + abs(Z)) (Bergstra et al. 2009)."""
    return Z / (1 + np.abs(Z))


def softsign_backward(Z, A, dA, parameter):
    """dA/dZ = 1 / (1 + abs(Z))^2 = (1 - abs(A))^2."""
    return dA * (1 - np.abs(A)) ** 2


def hard_sigmoid(Z, parameter):
    """A = Z / 6 + 1/2, clipped to [0, 1]: a piecewise linear sigmoid (Howard et al., ICCV 2019)."""
    return np.clip(Z / 6 + 0.5, 0, 1)


def hard_sigmoid_backward(Z, A, dA, parameter):
    """dA/dZ = 1/6 where 0 < A < 1, else 0."""
    return dA * np.where((A > 0) & (A < 1), 1 / 6, 0)


def hard_tanh(Z, parameter):
    """A = Z, clipped to [-1, 1] (Collobert 2004)."""
    return np.clip(Z, -1, 1)


def hard_tanh_backward(Z, A, dA, parameter):
    """dA/dZ = 1 where abs(A) < 1, else 0."""
    return dA * (np.abs(A) < 1)


def relu6(Z, parameter):
    """A = Z, clipped to [0, 6] (Krizhevsky 2010)."""
    return np.clip(Z, 0, 6)


def relu6_backward(Z, A, dA, parameter):
    """dA/dZ = 1 where 0 < A < 6, else 0."""
    return dA * ((A > 0) & (A < 6))


def gelu(Z, parameter):
    """A = Z Phi(Z), Phi the standard normal distribution function (Hendrycks and Gimpel 2016)."""
    return Z * ndtr(Z)


def gelu_backward(Z, A, dA, parameter):
    """dA/dZ = Phi(Z) + Z phi(Z), with the density phi(Z) = e^(-Z^2/2) / sqrt(2 pi)."""
    return dA * (ndtr(Z) + Z * np.exp(-(Z**2) / 2) / np.sqrt(2 * np.pi))


def gelu_tanh(Z, parameter):
    """A = Z/2 (1 + tanh u) with u = sqrt(2/pi) (Z + 0.044715 Z^3): the tanh approximation of gelu (same paper)."""
    return Z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (Z + 0.044715 * Z**3)))


def gelu_tanh_backward(Z, A, dA, parameter):
    """dA/dZ = (1 + tanh u) / 2 + Z/2 (1 - tanh(u)^2) du/dZ, with du/dZ = sqrt(2/pi) (1 + 3 0.044715 Z^2)."""
    T = np.tanh(np.sqrt(2 / np.pi) * (Z + 0.044715 * Z**3))
    return dA * ((1 + T) / 2 + Z / 2 * (1 - T**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * Z**2))


def silu(Z, parameter):
    """A = Z sigmoid(Z) (Elfwing, Uchibe and Doya 2018; also called swish)."""
    return Z * sigmoid(Z, parameter)


def silu_backward(Z, A, dA, parameter):
    """dA/dZ = s + Z s (1 - s) with s = sigmoid(Z)."""
    S = sigmoid(Z, parameter)
    return dA * (S + Z * S * (1 - S))


def mish(Z, parameter):
    """A = Z tanh(softplus(Z)) (Misra, BMVC 2020)."""
    return Z * np.tanh(np.logaddexp(0, Z))


def mish_backward(Z, A, dA, parameter):
    """dA/dZ = T + Z (1 - T^2) sigmoid(Z) with T = tanh(softplus(Z))."""
    T = np.tanh(np.logaddexp(0, Z))
    return dA * (T + Z * (1 - T**2) * sigmoid(Z, parameter))


def sine(Z, frequency):
    """A = sin(frequency Z) (Sitzmann et al., NeurIPS 2020, with frequency 30 for coordinates)."""
    return np.sin(frequency * Z)


def sine_backward(Z, A, dA, frequency):
    """dA/dZ = frequency cos(frequency Z)."""
    return dA * frequency * np.cos(frequency * Z)


def exponential(Z, parameter):
    """A = e^Z."""
    return np.exp(Z)


def exponential_backward(Z, A, dA, parameter):
    """dA/dZ = A."""
    return dA * A


def mean_variance(Z, parameter):
    """A_i,2j = Z_i,2j, a mean; A_i,2j+1 = e^Z_i,2j+1, a variance."""
    return np.where(np.arange(Z.shape[1]) % 2 == 0, Z, np.exp(Z))


def mean_variance_backward(Z, A, dA, parameter):
    """dA/dZ = 1 for a mean, A for a variance."""
    return dA * np.where(np.arange(Z.shape[1]) % 2 == 0, 1, A)


def softmax(Z, parameter):
    """A_ij = e^Z_ij / sum_k e^Z_ik (Bridle 1990); subtracting the maximum of each row first only prevents overflow."""
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
    "elu": (elu, elu_backward),
    "selu": (selu, selu_backward),
    "softplus": (softplus, softplus_backward),
    "softsign": (softsign, softsign_backward),
    "hard_sigmoid": (hard_sigmoid, hard_sigmoid_backward),
    "hard_tanh": (hard_tanh, hard_tanh_backward),
    "relu6": (relu6, relu6_backward),
    "exponential": (exponential, exponential_backward),
    "gelu": (gelu, gelu_backward),
    "gelu_tanh": (gelu_tanh, gelu_tanh_backward),
    "silu": (silu, silu_backward),
    "mish": (mish, mish_backward),
    "sine": (sine, sine_backward),
    "prelu": (prelu, prelu_backward),
    "mean_variance": (mean_variance, mean_variance_backward),
    "softmax": (softmax, softmax_backward),
}


def activation_forward(name, Z, parameter=0.0):
    """A (n_samples, fan_out) = f(Z)."""
    return ACTIVATIONS[name][0](Z, parameter)


def activation_backward(name, Z, A, dA, parameter=0.0):
    """dZ (n_samples, fan_out) = dA * f'(Z)."""
    return ACTIVATIONS[name][1](Z, A, dA, parameter)
