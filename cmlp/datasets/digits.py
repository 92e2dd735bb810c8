"""The bundled handwritten digits: 1,797 images of 8 x 8 pixels, small enough to train on in a second.

``data/README.md`` gives the source of the two files, how they were made, and their license (CC BY 4.0).
"""

from importlib import resources

import numpy as np

from cmlp.datasets.idx import read_idx

TEST_FRACTION = 0.2
SPLIT_SEED = 0


def load_digits(split: bool = False) -> tuple[np.ndarray, ...]:
    """Load the handwritten digits of the UCI repository: 10 classes, 8 x 8 pixels.

    Parameters
    ----------
    split : bool, default False
        Return a training and a test split instead of the whole set. The split is stratified and always the same: one image in
        five of each digit, rounded, is held out for testing, drawn with ``numpy.random.RandomState(0)``, whose stream NumPy
        guarantees not to change. Both splits keep the order of the file.

    Returns
    -------
    X : ndarray (1797, 64) of uint8
        The pixels, row by row, from 0 (background) to 16 (ink).
    y : ndarray (1797,) of int64
        The digits 0 to 9, between 174 and 183 of each.
    X_train, y_train, X_test, y_test : ndarray
        Returned instead with ``split=True``: 1,438 training and 359 test samples.

    Notes
    -----
    This is the test set of UCI, written by 13 people. A random split puts images of the same writer in both parts, so the test
    accuracy is slightly higher than for new writers.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository.
    https://doi.org/10.24432/C50P49 (CC BY 4.0)

    Examples
    --------
    >>> from cmlp.datasets import load_digits
    >>> X, y = load_digits()
    >>> X.shape, y.shape
    ((1797, 64), (1797,))
    >>> for row in X[0].reshape(8, 8):
    ...     print("|" + "".join(" .:oO#"[value // 3] for value in row) + "|")
    |  .Oo   |
    |  O#o#. |
    | .#  o: |
    | .O  :: |
    | .:  o: |
    | .o  O: |
    |  O.oO  |
    |  :Oo   |
    >>> X_train, y_train, X_test, y_test = load_digits(split=True)
    >>> len(y_train), len(y_test)
    (1438, 359)
    """
    images = bundled("digits-images-idx3-ubyte.gz")
    X = images.reshape(len(images), -1)
    y = bundled("digits-labels-idx1-ubyte.gz").astype(np.int64)
    if not split:
        return X, y
    test = test_rows(y)
    return X[~test], y[~test], X[test], y[test]


def bundled(name: str) -> np.ndarray:
    with resources.as_file(resources.files(__package__) / "data" / name) as path:
        return read_idx(path)


def test_rows(y: np.ndarray) -> np.ndarray:
    """Mask of the test split, stratified by class."""
    random = np.random.RandomState(SPLIT_SEED)
    test = np.zeros(len(y), dtype=bool)
    for digit in range(10):
        rows = random.permutation(np.flatnonzero(y == digit))
        test[rows[: round(TEST_FRACTION * len(rows))]] = True
    return test
