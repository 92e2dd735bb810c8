"""The three matrix products of a multilayer perceptron. Twin of _products.pyx."""


def gemm_nn(A, B):
    """Forward, Z = A_prev . W: C (m, n) = A (m, k) . B (k, n)."""
    return A @ B


def gemm_tn(A, B):
    """Gradient, dW = A_prev^T . dZ: C (m, n) = A^T . B, with A (k, m) and B (k, n)."""
    return A.T @ B


def gemm_nt(A, B):
    """Backward, dA_prev = dZ . W^T: C (m, n) = A . B^T, with A (m, k) and B (n, k)."""
    return A @ B.T
