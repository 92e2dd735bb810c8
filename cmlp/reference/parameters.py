"""Gradients of the parameters. Twin of _parameters.pyx."""

from cmlp.reference.products import gemm_tn


def accumulate(layers, X, A, dZ):
    """[(dW, db), ...]: dW_l (fan_in, fan_out) = A_(l-1)^T . dZ_l, db_l = sum over the samples of dZ_l; db None without bias.

    Nielsen 2015, equations BP3 and BP4, transposed and summed over the batch.
    """
    inputs = [X, *A[:-1]]
    return [
        (gemm_tn(A_prev, dZ_l), None if layer.b is None else dZ_l.sum(axis=0))
        for layer, A_prev, dZ_l in zip(layers, inputs, dZ)
    ]
