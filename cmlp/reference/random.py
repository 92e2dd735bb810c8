"""Counter-based random numbers. Twin of _random.pyx, on NumPy's own Philox."""

import numpy as np


def permutation(n, seed, epoch):
    """The order of n samples in an epoch: Fisher and Yates's shuffle with the words of Philox under the key (seed, epoch).

    i from n-1 down to 1 changes places with j = word (i + 1) / 2^64, rounded down (Durstenfeld, CACM 7, 1964).
    """
    words = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64)).random_raw(max(n - 1, 0))
    order = np.arange(n)
    for i, word in zip(range(n - 1, 0, -1), words):
        j = (int(word) * (i + 1)) >> 64
        order[[i, j]] = order[[j, i]]
    return order
