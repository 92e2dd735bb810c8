"""The loss of each sample, and its gradient. Twin of _losses.pyx.

Each function takes P and Y (n_samples, n_outputs) and returns the losses (n_samples,) and dP (n_samples, n_outputs). A loss
with a link takes the raw score, P = Z, and sets the output function itself; a loss on outputs takes P = A after any output
function.
"""

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


def log_loss(Z, Y):
    """loss_i = -sum_j Y_ij log A_ij + (1 - Y_ij) log(1 - A_ij) with A = sigmoid(Z), which is sum_j log(1 + e^Z_ij) - Y_ij Z_ij.

    The negative log likelihood of a yes or no for each column (Bishop 2006, equation 4.90): one column for two classes,
    several for labels that do not exclude each other.
    """
    return (np.logaddexp(0, Z) - Y * Z).sum(axis=1), np.exp(-np.logaddexp(0, -Z)) - Y


def cross_entropy(Z, Y):
    """loss_i = -sum_j Y_ij log A_ij with A = softmax(Z), which is sum_j Y_ij (log sum_k e^Z_ik - Z_ij).

    The negative log likelihood of one class of several (Bishop 2006, equation 4.108).
    """
    log_A = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    return -(Y * log_A).sum(axis=1), np.exp(log_A) * Y.sum(axis=1, keepdims=True) - Y


def perceptron(Z, Y):
    """loss_i = sum_j max(0, -Y_ij Z_ij) with Y in {-1, +1}; a mistake is Y_ij Z_ij <= 0, and there dZ_ij = -Y_ij.

    Gradient descent on it is Rosenblatt's rule (1958): at a mistake W moves by learning_rate Y_i X_i. The output is sign(Z).
    """
    mistake = Y * Z <= 0
    return np.maximum(0, -Y * Z).sum(axis=1), -Y * mistake


LOSSES = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "log_loss": log_loss,
    "cross_entropy": cross_entropy,
    "perceptron": perceptron,
}

# The output function that a loss sets itself.
LINKS = {"log_loss": "sigmoid", "cross_entropy": "softmax", "perceptron": "sign"}


def loss_gradient(name, P, Y, sample_weight=None, scale=1.0):
    """The sum over samples of sample_weight_i loss_i, and dP_i = sample_weight_i dloss_i/dP_i scale."""
    losses, dP = LOSSES[name](P, Y)
    weight = np.ones(len(P)) if sample_weight is None else sample_weight
    return (weight * losses).sum(), weight[:, None] * dP * scale


def one_hot(codes, n_outputs, off=0.0):
    """Y (n_samples, n_outputs): 1 in the column of the class, `off` elsewhere. With one output, 1 for class 1, `off` for 0."""
    if n_outputs == 1:
        return np.where(codes[:, None] == 1, 1.0, off)
    return np.where(codes[:, None] == np.arange(n_outputs), 1.0, off)
