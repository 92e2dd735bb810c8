"""Gradients of the parameters. Twin of _parameters.pyx."""

import numpy as np

from cmlp.reference.products import gemm_tn


def accumulate(layers, X, values, deltas):
    """The gradients of the parameters, [(dW, db, dscale, dshift, dslope, dP), ...]; None where the layer has no such block.

    dW_l (fan_in, fan_out) = out_(l-1)^T . dZ_l;   db_l = sum over the samples of dZ_l;   dscale = sum of dN hat;
    dshift = sum of dN;   dslope = sum of dA min(N, 0);   dP_l = out_s^T . dout_l.

    Nielsen 2015, equations BP3 and BP4, transposed and summed over the batch; Ioffe and Szegedy, ICML 2015, for scale and
    shift; He, Zhang, Ren and Sun, ICCV 2015, equation 2, for slopes.
    """
    outs = [X, *(value.out for value in values)]
    gradients = []
    for l, (layer, value, delta) in enumerate(zip(layers, values, deltas)):
        dW = gemm_tn(outs[l], delta.dZ)
        db = None if layer.b is None else delta.dZ.sum(axis=0)
        dscale = dshift = dslope = dP = None
        if layer.norm is not None:
            dscale, dshift = (delta.dN * value.hat).sum(axis=0), delta.dN.sum(axis=0)
        if layer.slope is not None:
            dA = delta.dout if value.mask is None else value.mask * delta.dout
            dslope = (dA * np.minimum(value.N, 0)).sum(axis=0)
        if layer.P is not None:
            dP = gemm_tn(outs[layer.source + 1], delta.dout)
        gradients.append((dW, db, dscale, dshift, dslope, dP))
    return gradients
