"""
The bundled handwritten digits: 1,797 images of 8 x 8 pixels, small enough to train on in a second.

``data/README.md`` tells where the two files come from, how they were made, and their licence (CC BY 4.0).
"""

from importlib import resources

import numpy as np

from cmlp.datasets.idx import read_idx

__all__ = ["load_digits"]

_TEST_SHARE = 0.2
_SPLIT_SEED = 0


def load_digits(split: bool = False) -> tuple[np.ndarray, ...]:
    """
    Load the handwritten digits of the UCI repository (the test part, 8 x 8 pixels, ten classes).

    Parameters
    ----------
    split : bool, default False
        Return a training and a test part instead of the whole set. The split is always the same: of each
        digit, one image in five (to the nearest whole number) goes to the test part, drawn with
        ``numpy.random.RandomState(0)``, whose stream NumPy keeps fixed for good. Both parts keep the order of
        the file.

    Returns
    -------
    X : ndarray of shape (1797, 64), dtype uint8
        The pixels, row by row, from 0 (background) to 16 (ink).
    y : ndarray of shape (1797,), dtype int64
        The digits 0 to 9, between 174 and 183 of each.
    X_train, y_train, X_test, y_test : ndarray
        Returned in place of the two above if `split` is True: 1,438 rows to train on and 359 to test on.

    Notes
    -----
    The digits were written by 13 people, and a random split puts images of one hand in both parts: accuracies
    on it are a little kinder than on writers never seen before.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning
    Repository. https://doi.org/10.24432/C50P49 (CC BY 4.0)

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
    images = _bundled("digits-images-idx3-ubyte.gz")
    X = images.reshape(len(images), -1)
    y = _bundled("digits-labels-idx1-ubyte.gz").astype(np.int64)
    if not split:
        return X, y
    test = _test_rows(y)
    return X[~test], y[~test], X[test], y[test]


def _bundled(name: str) -> np.ndarray:
    with resources.as_file(resources.files(__package__) / "data" / name) as path:
        return read_idx(path)


def _test_rows(y: np.ndarray) -> np.ndarray:
    """Mark the rows of the test part, the same share of every class."""
    random = np.random.RandomState(_SPLIT_SEED)
    test = np.zeros(len(y), dtype=bool)
    for digit in range(10):
        rows = random.permutation(np.flatnonzero(y == digit))
        test[rows[: round(_TEST_SHARE * len(rows))]] = True
    return test
