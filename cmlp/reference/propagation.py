"""Forward and backward propagation. Twin of _propagation.pyx and the _stage files."""

from dataclasses import dataclass
from typing import Any

from cmlp.reference.activations import activation_backward, activation_forward
from cmlp.reference.norms import normalise, normalise_backward, statistics
from cmlp.reference.products import gemm_nn, gemm_nt
from cmlp.reference.random import dropout_mask, noise


@dataclass
class Values:
    """The intermediates of one layer in the forward pass, each (n_samples, fan_out); None where the layer has none.

    Z, hat, N = scale hat + shift, A = f(N), the dropout mask, and out, the output of the layer; mean and variance of the
    normalization, and whether they are constants (running statistics).
    """

    Z: Any
    A: Any
    out: Any
    N: Any = None
    hat: Any = None
    mean: Any = None
    variance: Any = None
    constant: bool = False
    mask: Any = None


@dataclass
class Deltas:
    """The gradients of the mean loss with respect to Z, N and out of one layer."""

    dZ: Any
    dN: Any = None
    dout: Any = None


def disturb(X, draw, input_noise=0.0, input_dropout=0.0):
    """X with noise and dropout, as in training: mask (X + input_noise normal numbers)."""
    if input_noise:
        X = X + input_noise * noise(draw, X.shape)
    return X * dropout_mask(draw, 0, X.shape, input_dropout) if input_dropout else X


def forward(layers, X, draw=None, training=False):
    """Forward pass: a list of `Values`, one for each layer.

    out_(-1) = X;   Z_l = out_(l-1) . W_l + b_l;   A_l = f_l(N_l), where N = Z, or scale hat(Z) + shift with a norm;
    out_l = A_l, or mask_l A_l with dropout, and with a residual connection + out_s or + out_s . P_l.

    Nielsen 2015, equation 25, transposed; He, Zhang, Ren and Sun, CVPR 2016, equations 1 and 2, for the residual connections.

    draw: a `cmlp.reference.random.Draw`, which determines the dropout masks; None: no dropout. training: use batch statistics
    in batch normalization, if the batch has two samples or more; else running statistics.
    """
    values, outs = [], [X]
    for l, layer in enumerate(layers):
        value = Values(Z=gemm_nn(outs[l], layer.W) + (0 if layer.b is None else layer.b), A=None, out=None)
        value.N = value.Z
        if layer.norm is not None:
            value.constant = layer.norm.name == "batch" and (not training or X.shape[0] == 1)
            given = (layer.mean, layer.variance) if value.constant else statistics(layer.norm.name, value.Z)
            value.mean, value.variance = given
            value.hat = normalise(value.Z, value.mean, value.variance, layer.norm.eps)
            value.N = layer.scale * value.hat + layer.shift
        value.A = activation_forward(layer.activation, value.N, layer.parameter if layer.slope is None else layer.slope)
        value.out = value.A
        if draw is not None and layer.dropout:
            value.mask = dropout_mask(draw, l + 1, value.A.shape, layer.dropout)
            value.out = value.mask * value.A
        if layer.source is not None:
            source = outs[layer.source + 1]
            value.out = value.out + (source if layer.P is None else gemm_nn(source, layer.P))
        values.append(value)
        outs.append(value.out)
    return values


def backward(layers, values, dZ_last):
    """Backward pass from dZ of the last layer: a list of `Deltas`, one for each layer.

    dout_l = dZ_(l+1) . W_(l+1)^T + the sum of dout_m, or dout_m . P_m^T, over the layers m that add out_l;
    dA_l = mask_l dout_l;   dN_l = dA_l f_l'(N_l);   dZ_l = dN_l, or its gradient through the norm.

    Nielsen 2015, equation BP2, transposed.
    """
    deltas = [Deltas(dZ_last, dZ_last)]
    for l in range(len(layers) - 2, -1, -1):
        layer, value = layers[l], values[l]
        dout = gemm_nt(deltas[0].dZ, layers[l + 1].W)
        for m, later in enumerate(layers[l + 1 :], l + 1):
            if later.source == l:
                dout_m = deltas[m - l - 1].dout
                dout = dout + (dout_m if later.P is None else gemm_nt(dout_m, later.P))
        dA = dout if value.mask is None else value.mask * dout
        parameter = layer.parameter if layer.slope is None else layer.slope
        dN = dZ = activation_backward(layer.activation, value.N, value.A, dA, parameter)
        if layer.norm is not None:
            dZ = normalise_backward(
                layer.norm.name, layer.scale * dN, value.hat, value.variance, layer.norm.eps, value.constant
            )
        deltas.insert(0, Deltas(dZ, dN, dout))
    return deltas
