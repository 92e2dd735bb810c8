"""What skipping zeros gains: microseconds a step on MNIST, whose pixels are mostly 0, and with 1 added to every pixel.

    python benchmarks/zeros.py

The work is the same but for the zeros. The least of interleaved rounds, Adam, two threads. Needs CMLP_DATA.
"""

import numpy as np
from common import machine, microseconds_a_step, mnist, print_table

import cmlp

NETWORKS = [([784, 100, 10], 64), ([784, 192, 10], 128), ([784, 512, 256, 10], 128)]
ROUNDS, STEPS = 9, 200


def step(X, y, sizes, batch_size: int) -> float:
    rows = slice(0, STEPS * batch_size)
    return microseconds_a_step(cmlp.Network(sizes, input_scale=1 / 256), X[rows], y[rows], batch_size, 2, 2)


def main() -> None:
    X, y, _, _ = mnist()
    filled = np.minimum(X, 254) + np.uint8(1)
    print(machine(), "\n")
    rows = []
    for sizes, batch_size in NETWORKS:
        pairs = [(step(filled, y, sizes, batch_size), step(X, y, sizes, batch_size)) for _ in range(ROUNDS)]
        without, with_zeros = (min(times) for times in zip(*pairs, strict=True))
        rows.append((f"{'-'.join(map(str, sizes))}, {batch_size}", f"{without:,.0f}", f"{with_zeros:,.0f}"))
    print_table(["network, batch", "no zeros", "MNIST as it is"], rows)


if __name__ == "__main__":
    main()
