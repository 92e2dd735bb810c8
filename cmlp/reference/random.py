"""Counter-based random numbers. Twin of _random.pyx and _noise.pyx.

Philox4x64-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), as in
numpy.random.Philox: four 64-bit words for each counter and key. A random number is a function of (seed, layer, update, sample,
unit) alone, so threads may generate them in any order.
"""

from dataclasses import dataclass

import numpy as np

DROPOUT, NOISE, SAMPLING = 1, 2, 3  # the purpose of a word: the last of the four parts of a counter; 0 for shuffling


@dataclass(frozen=True)
class Draw:
    """The arguments of the random numbers of one pass, besides layer, sample and unit.

    Attributes
    ----------
    seed : int
        ``net.shuffle_seed``.
    t : int
        The number of the update, from 1; with SAMPLING, of the pass.
    purpose : int
        DROPOUT for dropout in training, SAMPLING for dropout in prediction.
    first : int
        The index of the first sample within the update.
    """

    seed: int
    t: int
    purpose: int = DROPOUT
    first: int = 0


def permutation(n, seed, epoch):
    """The order of n samples in an epoch: a Fisher-Yates shuffle with the words of Philox for the key (seed, epoch).

    For i from n-1 down to 1, swap i with j = floor(word (i + 1) / 2^64) (Durstenfeld, CACM 7, 1964).
    """
    generator = np.random.Philox(key=np.array([seed, epoch], dtype=np.uint64))
    words = generator.random_raw(max(n - 1, 0))
    order = np.arange(n)
    for i, word in zip(range(n - 1, 0, -1), words):
        j = (int(word) * (i + 1)) >> 64
        order[[i, j]] = order[[j, i]]
    return order


def words_for(draw, layer, purpose, n_samples, n_blocks):
    """Random words (n_samples, 4 n_blocks), for the counter (block, sample, t, purpose) and the key (seed, layer).

    In the key, the inputs are layer 0, and layer l is l + 1.
    """
    key = np.array([draw.seed, layer], dtype=np.uint64)
    rows = []
    for sample in range(draw.first, draw.first + n_samples):
        # NumPy increments the counter before it generates a word: start from the counter before, with its borrow
        counter = (draw.t << 128) + (sample << 64) + (purpose << 192) - 1
        parts = [(counter >> shift) & (2**64 - 1) for shift in (0, 64, 128, 192)]
        generator = np.random.Philox(key=key, counter=np.array(parts, dtype=np.uint64))
        rows.append(generator.random_raw(4 * n_blocks))
    return np.array(rows, dtype="<u8").reshape(n_samples, 4 * n_blocks)


def dropout_mask(draw, layer, shape, rate):
    """Dropout mask (n_samples, n_units): 0 with probability p = round(65536 rate) / 65536, else 1 / (1 - p).

    Inverted dropout (Srivastava et al., JMLR 2014, section 10), with 16 bits of a word for each unit.
    """
    n_samples, width = shape
    limit = min(round(65536 * rate), 65535)
    bits = words_for(draw, layer, draw.purpose, n_samples, -(-width // 16)).view("<u2")[:, :width]
    return np.where(bits >= limit, 1 / (1 - limit / 65536), 0.0)


def noise(draw, shape):
    """Standard normal numbers (n_samples, n_features), two from each word w = 2^32 u + v (Box and Muller 1958).

    sqrt(-2 log((u + 1/2) / 2^32)) times the cosine and the sine of 2 pi v / 2^32
    """
    n_samples, width = shape
    words = words_for(draw, 0, NOISE, n_samples, -(-width // 8))
    u, v = words >> np.uint64(32), words & np.uint64(2**32 - 1)
    radius = np.sqrt(-2 * np.log((u + 0.5) / 2**32))
    angle = 2 * np.pi * v / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2).reshape(n_samples, -1)[:, :width]
