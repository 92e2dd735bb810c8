"""One regression and one classification, beside scikit-learn's MLP with the same settings, over seeds."""

import time
import warnings

import numpy as np
from common import data_folder, machine, print_table

import cmlp
from cmlp import datasets

SEEDS = range(5)
EPOCHS, BATCH, RATE, HIDDEN = 30, 128, 0.001, [64, 32]


def prepared(name, target):
    """Shuffled once, standardised by the training part: X, y, X_test, y_test."""
    X, y, _ = datasets.read_csv(data_folder() / "open" / f"{name}.csv.gz", target)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    n = len(X) * 4 // 5
    mean, scale = X[:n].mean(axis=0), X[:n].std(axis=0)
    X = ((X - mean) / np.where(scale == 0, 1, scale)).astype("float32")
    if y.dtype.kind == "f":
        y = ((y - y[:n].mean()) / y[:n].std()).astype("float32")
    return X[:n], y[:n], X[n:], y[n:]


def with_cmlp(X, y, X_test, y_test, seed):
    """(training loss of the last epoch, score, seconds)."""
    n_outputs, loss = (1, "squared_error") if y.dtype.kind == "f" else (1, "log_loss")
    net = cmlp.Network(
        [X.shape[1], *HIDDEN, n_outputs], "relu", loss, init="glorot_uniform", bias_init="glorot_uniform", seed=seed
    )
    began = time.perf_counter()
    history = net.fit(X, y, optimizer=cmlp.Adam(RATE), batch_size=BATCH, epochs=EPOCHS)
    return history.loss[-1], net.score(X_test, y_test), time.perf_counter() - began


def with_sklearn(X, y, X_test, y_test, seed):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if y.dtype.kind == "f" else MLPClassifier
    model = kind(
        hidden_layer_sizes=HIDDEN,
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        random_state=seed,
    )
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    return model.loss_, model.score(X_test, y_test), time.perf_counter() - began


def spread(values):
    return f"{np.mean(values):.4f} ± {np.std(values):.4f}"


def main():
    print(machine())
    print(f"\n{HIDDEN} relu, Adam {RATE}, batches of {BATCH}, {EPOCHS} epochs; mean and spread of {len(SEEDS)} seeds\n")
    rows = []
    for name, target in (("protein", "y"), ("spambase", "type")):
        data = prepared(name, target)
        for library, run in (("cmlp", with_cmlp), ("scikit-learn", with_sklearn)):
            losses, scores, seconds = zip(*(run(*data, seed) for seed in SEEDS))
            score = f"{'R2' if name == 'protein' else 'accuracy'} {spread(scores)}"
            rows.append((name, library, spread(losses), score, f"{np.median(seconds):.2f} s"))
    print_table(["table", "library", "training loss, last epoch", "test score", "time"], rows)


if __name__ == "__main__":
    main()
