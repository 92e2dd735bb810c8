"""One thread, GFLOP/s: cmlp's products beside OpenBLAS's, as SciPy has it, at the shapes of perceptrons.

    python benchmarks/products.py

Each time is the least of many, less that of a product of two numbers, which is the price of the call from Python (products that
take less than that are not here). Run it with CMLP_INSTRUCTION_SET=v3 OPENBLAS_CORETYPE=Haswell for the kernels of AVX2.
"""

import time

import numpy as np
from common import machine, print_table
from scipy.linalg.blas import sgemm
from threadpoolctl import threadpool_limits

from cmlp import _kernels

# what, kind, m, n, k: C (m, n) is a sum of k terms
PRODUCTS = [
    ("Z = A W", "nn", 32, 64, 64),
    ("dW = A^T dZ", "tn", 64, 64, 32),
    ("dA = dZ W^T", "nt", 256, 64, 10),
    ("Z = A W", "nn", 64, 100, 784),
    ("dW = A^T dZ", "tn", 784, 100, 64),
    ("Z = A W", "nn", 256, 64, 64),
    ("Z = A W", "nn", 128, 512, 784),
    ("dW = A^T dZ", "tn", 784, 512, 128),
    ("dA = dZ W^T", "nt", 128, 512, 256),
    ("Z = A W", "nn", 512, 2048, 1024),
]


def operands(kind: str, m: int, n: int, k: int):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((k, m) if kind == "tn" else (m, k)).astype("float32")
    B = rng.standard_normal((n, k) if kind == "nt" else (k, n)).astype("float32")
    return A, B, np.empty((m, n), "float32")


def by_cmlp(kind, A, B, C):
    return lambda: _kernels.gemm(kind, A, B, C)


def by_openblas(kind, A, B, C):
    """C^T = op(B)^T op(A)^T, for Fortran reads the rows of C as columns."""
    left, right, out = B.T, A.T, C.T
    return lambda: sgemm(1.0, left, right, c=out, trans_a=kind == "nt", trans_b=kind == "tn", overwrite_c=1)


def least(function, seconds: float = 0.2) -> float:
    times = []
    until = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < until:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def rate(make, kind: str, m: int, n: int, k: int) -> float:
    call = least(make(kind, *operands(kind, 1, 1, 1)))
    return 2 * m * n * k / (least(make(kind, *operands(kind, m, n, k))) - call) / 1e9


def check(kind: str, m: int, n: int, k: int) -> None:
    A, B, C = operands(kind, m, n, k)
    D = np.empty_like(C)
    by_cmlp(kind, A, B, C)()
    by_openblas(kind, A, B, D)()
    np.testing.assert_allclose(C, D, rtol=1e-3, atol=1e-3)


def main() -> None:
    print(machine(), "\n")
    rows = []
    with threadpool_limits(1):
        for what, kind, m, n, k in PRODUCTS:
            check(kind, m, n, k)
            rates = [rate(make, kind, m, n, k) for make in (by_openblas, by_cmlp)]
            rows.append((f"{what}, {m}, {n}, {k}", *(f"{gflops:.0f}" for gflops in rates)))
    print_table(["product (m, n, k)", "OpenBLAS", "cmlp"], rows)


if __name__ == "__main__":
    main()
