"""Forward propagation and the delta recursion. Twin of _propagation.pyx."""

from cmlp.reference.activations import activation_backward, activation_forward
from cmlp.reference.products import gemm_nn, gemm_nt


def forward(layers, X):
    """Z and A of every layer, each a list of (n_samples, fan_out).

    A_0 = X;   Z_l = A_(l-1) . W_l + b_l;   A_l = f_l(Z_l)           (Nielsen 2015, equation 25, transposed)
    """
    Z, A = [], [X]
    for layer in layers:
        Z.append(gemm_nn(A[-1], layer.W) + (0 if layer.b is None else layer.b))
        A.append(activation_forward(layer.activation, Z[-1], layer.parameter))
    return Z, A[1:]


def backward(layers, Z, A, dZ_last):
    """dZ of every layer, from dZ of the last.

    dA_(l-1) = dZ_l . W_l^T;   dZ_(l-1) = dA_(l-1) * f_(l-1)'(Z_(l-1))           (Nielsen 2015, equation BP2, transposed)
    """
    dZ = [dZ_last]
    for l in range(len(layers) - 1, 0, -1):
        before = layers[l - 1]
        dA = gemm_nt(dZ[0], layers[l].W)
        dZ.insert(0, activation_backward(before.activation, Z[l - 1], A[l - 1], dA, before.parameter))
    return dZ
