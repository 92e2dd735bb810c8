"""Two-dimensional toy data for classification, generated from a seed.

The points are sorted by class (those of `xor` and `logic` by the truth table): shuffle them before you split them. If
`n_samples` is not a multiple of the number of classes, the first classes have one point more.
"""

import math
from numbers import Integral, Real

import numpy as np

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "xor": [0, 1, 1, 0], "nand": [1, 1, 1, 0]}

Seed = int | np.random.Generator
Points = tuple[np.ndarray, np.ndarray]


def flower(n_samples: int = 400, noise: float = 0.2, seed: Seed = 0) -> Points:
    """Generate a flower whose petals alternate between two classes.

    Class j lies on the curve r = 4 sin(4 t) for t from 3.12 j to 3.12 (j + 1), at (r sin t, r cos t). Normal noise is added to
    the angle t and to the radius r.

    Parameters
    ----------
    n_samples : int, default 400
        Number of points, at least 2.
    noise : float, default 0.2
        Standard deviation of the normal noise.
    seed : int or numpy.random.Generator, default 0
        Seed of the noise.

    Returns
    -------
    X : ndarray (n_samples, 2) of float64
    y : ndarray (n_samples,) of int64: 0 or 1

    Raises
    ------
    ValueError
        If `n_samples` or `noise` is out of range.

    References
    ----------
    The "planar data" of A. Ng, Neural Networks and Deep Learning (deeplearning.ai, 2017), week 3.

    Examples
    --------
    >>> from cmlp.datasets import flower
    >>> X, y = flower(400)
    >>> X.shape, y.sum().item()
    ((400, 2), 200)
    """
    random, counts = check_arguments(n_samples, noise, seed, 2)
    parts = []
    for j, count in enumerate(counts):
        t = np.linspace(3.12 * j, 3.12 * (j + 1), count) + noise * random.standard_normal(count)
        r = 4 * np.sin(4 * t) + noise * random.standard_normal(count)
        parts.append(np.column_stack([r * np.sin(t), r * np.cos(t)]))
    return np.concatenate(parts), labels_of(counts)


def moons(n_samples: int = 400, noise: float = 0.1, seed: Seed = 0) -> Points:
    """Generate two interleaving half circles of radius 1.

    Class 0 is the upper half circle around (0, 0), class 1 the lower half circle around (1, 0.5).

    Parameters
    ----------
    n_samples : int, default 400
        Number of points, at least 2.
    noise : float, default 0.1
        Standard deviation of the normal noise on both coordinates.
    seed : int or numpy.random.Generator, default 0
        Seed of the noise.

    Returns
    -------
    X : ndarray (n_samples, 2) of float64
    y : ndarray (n_samples,) of int64: 0 or 1

    Raises
    ------
    ValueError
        If `n_samples` or `noise` is out of range.

    Examples
    --------
    >>> from cmlp.datasets import moons
    >>> X, y = moons(4, noise=0)
    >>> X.round(2) + 0.0
    array([[ 1. ,  0. ],
           [-1. ,  0. ],
           [ 0. ,  0.5],
           [ 2. ,  0.5]])
    >>> y
    array([0, 0, 1, 1])
    """
    random, counts = check_arguments(n_samples, noise, seed, 2)
    upper, lower = (np.linspace(0, np.pi, count) for count in counts)
    x = np.concatenate([np.cos(upper), 1 - np.cos(lower)])
    X = np.column_stack([x, np.concatenate([np.sin(upper), 0.5 - np.sin(lower)])])
    return X + noise * random.standard_normal(X.shape), labels_of(counts)


def circles(n_samples: int = 400, noise: float = 0.05, seed: Seed = 0) -> Points:
    """Generate two concentric circles around (0, 0): class 0 with radius 1, class 1 with radius 1/2.

    Parameters
    ----------
    n_samples : int, default 400
        Number of points, at least 2.
    noise : float, default 0.05
        Standard deviation of the normal noise on both coordinates.
    seed : int or numpy.random.Generator, default 0
        Seed of the noise.

    Returns
    -------
    X : ndarray (n_samples, 2) of float64
    y : ndarray (n_samples,) of int64: 0 or 1

    Raises
    ------
    ValueError
        If `n_samples` or `noise` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from cmlp.datasets import circles
    >>> X, y = circles(6, noise=0)
    >>> np.hypot(X[:, 0], X[:, 1])
    array([1. , 1. , 1. , 0.5, 0.5, 0.5])
    """
    random, counts = check_arguments(n_samples, noise, seed, 2)
    t = np.concatenate([np.linspace(0, 2 * np.pi, count, endpoint=False) for count in counts])
    y = labels_of(counts)
    radius = np.where(y == 0, 1.0, 0.5)
    X = np.column_stack([radius * np.cos(t), radius * np.sin(t)])
    return X + noise * random.standard_normal(X.shape), y


def spirals(n_samples: int = 300, noise: float = 0.2, seed: Seed = 0, n_classes: int = 3) -> Points:
    """Generate spiral arms around (0, 0), one for each class.

    Along the arm of class j the radius r grows from 0 to 1 and the angle t from 2 pi j / n_classes by 4 radians. The points are
    (r sin t, r cos t), with noise on the angle.

    Parameters
    ----------
    n_samples : int, default 300
        Number of points, at least `n_classes`.
    noise : float, default 0.2
        Standard deviation of the normal noise on the angle, in radians.
    seed : int or numpy.random.Generator, default 0
        Seed of the noise.
    n_classes : int, default 3
        Number of arms, at least 2.

    Returns
    -------
    X : ndarray (n_samples, 2) of float64
    y : ndarray (n_samples,) of int64: 0 to n_classes - 1

    Raises
    ------
    ValueError
        If `n_samples`, `noise` or `n_classes` is out of range.

    References
    ----------
    After the spirals of A. Karpathy in "CS231n: Convolutional Neural Networks for Visual Recognition"
    (Stanford), the case study "Putting it together: minimal neural network".

    Examples
    --------
    >>> import numpy as np
    >>> from cmlp.datasets import spirals
    >>> X, y = spirals(200, n_classes=3)
    >>> np.bincount(y)
    array([67, 67, 66])
    """
    if not isinstance(n_classes, Integral) or n_classes < 2:
        raise ValueError(f"n_classes must be an integer >= 2, got {n_classes!r}")
    random, counts = check_arguments(n_samples, noise, seed, int(n_classes))
    r = np.concatenate([np.linspace(0, 1, count) for count in counts])
    y = labels_of(counts)
    t = 2 * np.pi * y / n_classes + 4 * r + noise * random.standard_normal(len(r))
    return np.column_stack([r * np.sin(t), r * np.cos(t)]), y


def xor(n_samples: int = 400, noise: float = 0.15, seed: Seed = 0) -> Points:
    """Generate four clusters around the corners of the unit square; opposite corners are the same class.

    Parameters
    ----------
    n_samples : int, default 400
        Number of points, at least 4.
    noise : float, default 0.15
        Standard deviation of the normal noise on both coordinates.
    seed : int or numpy.random.Generator, default 0
        Seed of the noise.

    Returns
    -------
    X : ndarray (n_samples, 2) of float64
        Cluster by cluster: around (0, 0), (0, 1), (1, 0) and (1, 1).
    y : ndarray (n_samples,) of int64
        0 around (0, 0) and (1, 1), 1 around the others.

    Raises
    ------
    ValueError
        If `n_samples` or `noise` is out of range.

    See Also
    --------
    logic : The truth table, equal to ``xor(4, noise=0)``.

    Examples
    --------
    >>> from cmlp.datasets import xor
    >>> X, y = xor(4, noise=0)
    >>> X
    array([[0., 0.],
           [0., 1.],
           [1., 0.],
           [1., 1.]])
    >>> y
    array([0, 1, 1, 0])
    """
    random, (zeros, ones) = check_arguments(n_samples, noise, seed, 2, at_least=4)
    (at_00, at_11), (at_01, at_10) = split_evenly(zeros, 2), split_evenly(ones, 2)
    cluster = np.repeat(np.arange(4), [at_00, at_01, at_10, at_11])
    X = CORNERS[cluster] + noise * random.standard_normal((len(cluster), 2))
    return X, np.array(GATES["xor"], dtype=np.int64)[cluster]


def logic(name: str) -> Points:
    """The truth table of a logic gate with two inputs.

    Of these gates only "xor" is not linearly separable: no single neuron computes it (M. Minsky and S. Papert, Perceptrons,
    1969).

    Parameters
    ----------
    name : {"and", "or", "xor", "nand"}

    Returns
    -------
    X : ndarray (4, 2) of float64
        The inputs: (0, 0), (0, 1), (1, 0), (1, 1).
    y : ndarray (4,) of int64
        The output for each row of X.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from cmlp.datasets import logic
    >>> X, y = logic("nand")
    >>> y
    array([1, 1, 1, 0])
    """
    if name not in GATES:
        raise ValueError(f"unknown gate {name!r}: name must be one of {', '.join(map(repr, GATES))}")
    return CORNERS.copy(), np.array(GATES[name], dtype=np.int64)


def check_arguments(n_samples, noise, seed, n_classes: int, at_least: int | None = None):
    """Check the arguments that all generators share: (Generator, samples in each class)."""
    at_least = at_least or n_classes
    if not isinstance(n_samples, Integral) or n_samples < at_least:
        raise ValueError(f"n_samples must be an integer >= {at_least}, got {n_samples!r}")
    if not isinstance(noise, Real) or not math.isfinite(noise) or noise < 0:
        raise ValueError(f"noise must be a finite number >= 0, got {noise!r}")
    return np.random.default_rng(seed), split_evenly(int(n_samples), n_classes)


def split_evenly(total: int, parts: int) -> list[int]:
    """Total as a sum of parts that differ by at most 1, the larger ones first."""
    return [total // parts + (j < total % parts) for j in range(parts)]


def labels_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)
