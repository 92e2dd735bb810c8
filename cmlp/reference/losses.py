"""Loss functions: the loss of each sample and its gradient. Twin of _losses.pyx.

Each function takes P (n_samples, n_outputs), Y (n_samples, n_targets) and its hyperparameters, and returns the losses
(n_samples,) and dP, of the shape of P. n_targets equals n_outputs, but quantile and gaussian have several outputs per target.
A loss with a link takes the logits, P = Z, and sets the output function itself; the others take the outputs, P = A, of any
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
    """loss_i = sum_j abs(A_ij - Y_ij); at A = Y, where it is not differentiable, dA is 0."""
    return np.abs(A - Y).sum(axis=1), np.sign(A - Y)


def huber(A, Y, delta):
    """loss_i = sum_j e^2 / 2 where abs(e) <= delta, else delta (abs(e) - delta / 2), with e = A - Y (Huber 1964)."""
    E = A - Y
    losses = np.where(np.abs(E) <= delta, E**2 / 2, delta * (np.abs(E) - delta / 2))
    return losses.sum(axis=1), np.clip(E, -delta, delta)


def log_cosh(A, Y):
    """loss_i = sum_j log cosh(A_ij - Y_ij): quadratic near 0, linear far from it."""
    E = A - Y
    return (np.logaddexp(E, -E) - np.log(2)).sum(axis=1), np.tanh(E)


def quantile(A, Y, n_quantiles, *quantiles):
    """loss_i = sum_jk max(q_k e_ijk, (q_k - 1) e_ijk) with e_ijk = Y_ij - A_ijk; the outputs of a target are adjacent.

    Koenker and Bassett, "Regression quantiles", Econometrica 46 (1978). At e = 0, where it is not differentiable, dA is 0.
    """
    q = np.array(quantiles)
    E = Y[:, :, None] - A.reshape(len(A), -1, int(n_quantiles))
    dA = np.where(E > 0, -q, np.where(E < 0, 1 - q, 0))
    return np.maximum(q * E, (q - 1) * E).sum(axis=(1, 2)), dA.reshape(A.shape)


def poisson(Z, Y):
    """loss_i = sum_j e^Z_ij - Y_ij Z_ij: the negative log likelihood of Poisson counts with mean A = e^Z, without log Y!."""
    return (np.exp(Z) - Y * Z).sum(axis=1), np.exp(Z) - Y


def gamma(Z, Y):
    """loss_i = sum_j Z_ij + Y_ij e^-Z_ij: the negative log likelihood of gamma variables with mean A = e^Z.

    Divided by the shape parameter, without the terms that do not depend on Z.
    """
    return (Z + Y * np.exp(-Z)).sum(axis=1), 1 - Y * np.exp(-Z)


def gaussian(Z, Y):
    """loss_i = 1/2 sum_j s_ij + (m_ij - Y_ij)^2 e^-s_ij with means m_ij = Z_i,2j and log variances s_ij = Z_i,2j+1.

    The negative log likelihood of normal variables, without log(2 pi) / 2 (Nix and Weigend, ICNN 1994).
    """
    M, S = Z[:, ::2], Z[:, 1::2]
    squares = (M - Y) ** 2 * np.exp(-S)
    dZ = np.empty_like(Z)
    dZ[:, ::2] = (M - Y) * np.exp(-S)
    dZ[:, 1::2] = (1 - squares) / 2
    return (S + squares).sum(axis=1) / 2, dZ


def log_loss(Z, Y):
    """loss_i = -sum_j Y_ij log A_ij + (1 - Y_ij) log(1 - A_ij) with A = sigmoid(Z), which is sum_j log(1 + e^Z_ij) - Y_ij Z_ij.

    The negative log likelihood of a Bernoulli variable in each column (Bishop 2006, equation 4.90): one column for binary
    classification, several for multilabel classification.
    """
    return (np.logaddexp(0, Z) - Y * Z).sum(axis=1), np.exp(-np.logaddexp(0, -Z)) - Y


def cross_entropy(Z, Y, label_smoothing=0.0):
    """loss_i = -sum_j Y_ij log A_ij with A = softmax(Z), which is sum_j Y_ij (log sum_k e^Z_ik - Z_ij).

    The negative log likelihood of multiclass classification (Bishop 2006, equation 4.108). With label_smoothing s, Y_ij becomes
    (1 - s) Y_ij + s / n_outputs (Szegedy et al., CVPR 2016, section 7).
    """
    Y = (1 - label_smoothing) * Y + label_smoothing / Y.shape[1] * Y.sum(axis=1, keepdims=True)
    log_A = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    return -(Y * log_A).sum(axis=1), np.exp(log_A) * Y.sum(axis=1, keepdims=True) - Y


def perceptron(Z, Y):
    """loss_i = sum_j max(0, -Y_ij Z_ij) with Y in {-1, +1}; a mistake is Y_ij Z_ij <= 0, and there dZ_ij = -Y_ij.

    Gradient descent on it is Rosenblatt's learning rule (1958): a mistake changes W by learning_rate Y_i X_i. The output is
    sign(Z).
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

# The output function that a loss sets.
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

    loss: a name, or a function of (Z, Y) that returns the losses (n_samples,) and dZ.
    """
    losses, dP = (loss if callable(loss) else LOSSES[loss])(P, Y, *hyper)
    weight = np.ones(len(P)) if sample_weight is None else sample_weight
    return (weight * losses).sum(), weight[:, None] * dP * scale


def one_hot(codes, n_outputs, off=0.0):
    """Y (n_samples, n_outputs): 1 in the column of the class, `off` elsewhere. With one output, 1 for class 1, `off` for 0."""
    if n_outputs == 1:
        return np.where(codes[:, None] == 1, 1.0, off)
    return np.where(codes[:, None] == np.arange(n_outputs), 1.0, off)
