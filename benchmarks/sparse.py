"""A text-like table, 20,000 columns of which a sample has about 100: sparse beside dense, and beside scikit-learn's MLP.

20,000-100-10, relu, Adam, batches of 128, float32; needs cmlp[sklearn]; ``--dense-samples N``: rows that the dense runs get.
"""

import argparse
import time
import warnings

import numpy as np
import scipy.sparse
from common import machine, print_table
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import cmlp

N_COLUMNS, N_CLASSES, PER_ROW, EPOCHS = 20_000, 10, 100, 3


def documents(n_samples):
    """Columns drawn by a power law, shifted by the class; values as of tf-idf."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, N_CLASSES, n_samples)
    ranks = rng.zipf(1.3, size=(n_samples, PER_ROW)) % N_COLUMNS
    own = rng.random((n_samples, PER_ROW)) < 0.3
    columns = np.where(own, (ranks * 7 + 1000 * y[:, None]) % N_COLUMNS, ranks)
    rows = np.repeat(np.arange(n_samples), PER_ROW)
    X = scipy.sparse.csr_array((rng.random(rows.size), (rows, columns.ravel())), shape=(n_samples, N_COLUMNS), dtype="float32")
    X.sum_duplicates()
    return X, y


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--dense-samples", type=int, default=5_000)
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = documents(given.samples)
    few = slice(0, given.dense_samples)
    dense = X[few].toarray()
    print(machine(), f"\n{given.samples} samples, {X.nnz / len(y):.0f} numbers in a row\n")
    settings = {"batch_size": 128, "max_iter": EPOCHS, "random_state": 0}
    rows = []
    for name, kind, inputs, targets in (
        ("cmlp, sparse", cmlp.MLPClassifier, X, y),
        ("cmlp, dense", cmlp.MLPClassifier, dense, y[few]),
        ("scikit-learn, sparse", MLPClassifier, X, y),
        ("scikit-learn, dense", MLPClassifier, dense, y[few]),
    ):
        times = [timed(lambda: kind(**settings).fit(inputs, targets)) for _ in range(3)]  # noqa: B023
        steps = EPOCHS * -(-len(targets) // 128)
        model = kind(**settings).fit(inputs, targets)
        rows.append((name, f"{1e3 * sorted(times)[1] / steps:.2f} ms", f"{model.score(inputs, targets):.4f}"))
    print_table(["", "a step", f"accuracy on the training samples, {EPOCHS} epochs"], rows)


if __name__ == "__main__":
    main()
