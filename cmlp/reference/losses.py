"""The loss of each sample, and its gradient. Twin of _losses.pyx.

Each function takes P (n_samples, n_outputs), Y (n_samples, n_targets) and its hyper-parameters; n_targets is n_outputs but for
quantile and gaussian, which have several outputs for each target. It returns the losses (n_samples,) and dP, of the shape of P.
A loss with a link takes the raw score, P = Z, and sets the output function itself; a loss on outputs takes P = A after any
output function.
"""

from collections.abc import Callable

import numpy as np


def squared_error(A, Y):
    """loss_i = 1/2 sum_j (A_ij - Y_ij)^2.

    The textbooks' half squared distance (Rumelhart, Hinton and Williams 1986), summed over the outputs. The mean squared
    error of scikit-learn's metric and of PyTorch's MSELoss is this times 2 / n_outputs.
    """
    return 0.5 * ((A - Y) ** 2).sum(axis=1), A - Y


def absolute_error(A, Y):
    """loss_i = sum_j abs(A_ij - Y_ij); where A = Y, which has no derivative, dA is 0."""
    return np.abs(A - Y).sum(axis=1), np.sign(A - Y)


def huber(A, Y, delta):
    """loss_i = sum_j e^2 / 2 where abs(e) <= delta, else delta (abs(e) - delta / 2), with e = A - Y (Huber 1964)."""
    E = A - Y
    losses = np.where(np.abs(E) <= delta, E**2 / 2, delta * (np.abs(E) - delta / 2))
    return losses.sum(axis=1), np.clip(E, -delta, delta)


def log_cosh(A, Y):
    """loss_i = sum_j log cosh(A_ij - Y_ij): squared near 0, absolute far from it."""
    E = A - Y
    return (np.logaddexp(E, -E) - np.log(2)).sum(axis=1), np.tanh(E)


def quantile(A, Y, n_quantiles, *quantiles):
    """loss_i = sum_jk max(q_k e_ijk, (q_k - 1) e_ijk), e_ijk = Y_ij - A_ijk; outputs j q_1, j q_2, ... stand side by side.

    Koenker and Bassett, "Regression quantiles", Econometrica 46 (1978). Where e = 0, which has no derivative, dA is 0.
    """
    q = np.array(quantiles)
    E = Y[:, :, None] - A.reshape(len(A), -1, int(n_quantiles))
    dA = np.where(E > 0, -q, np.where(E < 0, 1 - q, 0))
    return np.maximum(q * E, (q - 1) * E).sum(axis=(1, 2)), dA.reshape(A.shape)


def poisson(Z, Y):
    """loss_i = sum_j e^Z_ij - Y_ij Z_ij: the negative log likelihood of counts with mean A = e^Z, less log Y!."""
    return (np.exp(Z) - Y * Z).sum(axis=1), np.exp(Z) - Y


def gamma(Z, Y):
    """loss_i = sum_j Z_ij + Y_ij e^-Z_ij: of gamma variables with mean A = e^Z, by their shape, less what Z leaves alone."""
    return (Z + Y * np.exp(-Z)).sum(axis=1), 1 - Y * np.exp(-Z)


def gaussian(Z, Y):
    """loss_i = 1/2 sum_j s_ij + (m_ij - Y_ij)^2 e^-s_ij with means m_ij = Z_i,2j and log variances s_ij = Z_i,2j+1.

    The negative log likelihood, less log(2 pi) / 2, of normal variables (Nix and Weigend, ICNN 1994).
    """
    M, S = Z[:, ::2], Z[:, 1::2]
    squares = (M - Y) ** 2 * np.exp(-S)
    dZ = np.empty_like(Z)
    dZ[:, ::2] = (M - Y) * np.exp(-S)
    dZ[:, 1::2] = (1 - squares) / 2
    return (S + squares).sum(axis=1) / 2, dZ


def log_loss(Z, Y):
    """loss_i = -sum_j Y_ij log A_ij + (1 - Y_ij) log(1 - A_ij) with A = sigmoid(Z), which is sum_j log(1 + e^Z_ij) - Y_ij Z_ij.

    The negative log likelihood of a yes or no for each column (Bishop 2006, equation 4.90): one column for two classes,
    several for labels that do not exclude each other.
    """
    return (np.logaddexp(0, Z) - Y * Z).sum(axis=1), np.exp(-np.logaddexp(0, -Z)) - Y


def cross_entropy(Z, Y, label_smoothing=0.0):
    """loss_i = -sum_j Y_ij log A_ij with A = softmax(Z), which is sum_j Y_ij (log sum_k e^Z_ik - Z_ij).

    The negative log likelihood of one class of several (Bishop 2006, equation 4.108). With label_smoothing s, Y_ij is
    (1 - s) Y_ij + s / n_outputs (Szegedy et al., CVPR 2016, section 7).
    """
    Y = (1 - label_smoothing) * Y + label_smoothing / Y.shape[1] * Y.sum(axis=1, keepdims=True)
    log_A = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    return -(Y * log_A).sum(axis=1), np.exp(log_A) * Y.sum(axis=1, keepdims=True) - Y


def perceptron(Z, Y):
    """loss_i = sum_j max(0, -Y_ij Z_ij) with Y in {-1, +1}; a mistake is Y_ij Z_ij <= 0, and there dZ_ij = -Y_ij.

    Gradient descent on it is Rosenblatt's rule (1958): at a mistake W moves by learning_rate Y_i X_i. The output is sign(Z).
    """
    mistake = Y * Z <= 0
    return np.maximum(0, -Y * Z).sum(axis=1), -Y * mistake


LOSSES: dict[str, Callable] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "log_cosh": log_cosh,
    "quantile": quantile,
    "poisson": poisson,
    "gamma": gamma,
    "gaussian": gaussian,
    "log_loss": log_loss,
    "cross_entropy": cross_entropy,
    "perceptron": perceptron,
}

# The output function that a loss sets itself.
LINKS = {
    "poisson": "exponential",
    "gamma": "exponential",
    "gaussian": "mean_variance",
    "log_loss": "sigmoid",
    "cross_entropy": "softmax",
    "perceptron": "sign",
}


def loss_gradient(loss, P, Y, sample_weight=None, scale=1.0, hyper=()):
    """The sum over samples of sample_weight_i loss_i, and dP_i = sample_weight_i dloss_i/dP_i scale.

    loss : its name, or a function of (Z, Y) that returns the losses (n_samples,) and dZ.
    """
    losses, dP = (loss if callable(loss) else LOSSES[loss])(P, Y, *hyper)
    weight = np.ones(len(P)) if sample_weight is None else sample_weight
    return (weight * losses).sum(), weight[:, None] * dP * scale


def one_hot(codes, n_outputs, off=0.0):
    """Y (n_samples, n_outputs): 1 in the column of the class, `off` elsewhere. With one output, 1 for class 1, `off` for 0."""
    if n_outputs == 1:
        return np.where(codes[:, None] == 1, 1.0, off)
    return np.where(codes[:, None] == np.arange(n_outputs), 1.0, off)
