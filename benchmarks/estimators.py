"""`MLPClassifier` and `MLPRegressor` on tables, beside scikit-learn's MLP and LightGBM: test score, time of a fit.

The two networks at their defaults get the same inputs, one-hot and standardised, and the same 30 epochs; cmlp with its options
gets the table as it is. Five seeds, each with its own split; at most 20,000 rows. Needs cmlp[sklearn], pandas, lightgbm.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from common import data_folder, machine, print_table
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn import neural_network
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import cmlp
from cmlp import schedules

CLASSES = ["spambase", "satellite", "letter", "penbased", "churn", "bank_marketing", "adult"]
VALUES = ["california_housing", "abalone", "wine_quality", "protein", "diamonds", "bikeshare"]
SEEDS, EPOCHS, MOST_ROWS = range(5), 30, 20_000
SAME = {"max_iter": EPOCHS, "n_iter_no_change": EPOCHS}  # else each would stop where its own loss does


def table(name):
    """(frame of the inputs, target)."""
    frame = pd.read_csv(data_folder() / "open" / f"{name}.csv.gz")
    frame = frame.sample(min(len(frame), MOST_ROWS), random_state=0)
    y = frame.iloc[:, -1].to_numpy()
    return frame.iloc[:, :-1], (y - y.mean()) / y.std() if name in VALUES else np.unique(y, return_inverse=True)[1]


def plain(X, X_test):
    """One-hot and standardised, fitted on the training part."""
    text = make_column_selector(dtype_exclude="number")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    prepare = make_column_transformer((encoder, text), (numbers, make_column_selector(dtype_include="number")))
    return prepare.fit_transform(X), prepare.transform(X_test)


def categories(X):
    return X.astype({name: "category" for name in X.columns if X[name].dtype.kind not in "iufb"})


def contestants(is_regression, seed):
    """Name -> (estimator, which form of the inputs it gets)."""
    own = cmlp.MLPRegressor if is_regression else cmlp.MLPClassifier
    theirs = neural_network.MLPRegressor if is_regression else neural_network.MLPClassifier
    trees = LGBMRegressor if is_regression else LGBMClassifier
    options = own(
        (128, 64),
        scale="quantile",
        categorical_features="from_dtype",
        impute=True,
        solver=cmlp.AdamW(schedules.OneCycle(0.01), weight_decay=0.02),
        alpha=0,
        batch_size=128,
        dropout=0.1,
        random_state=seed,
        **SAME,
    )
    return {
        "cmlp": (own(random_state=seed, **SAME), "plain"),
        "scikit-learn": (theirs(random_state=seed, **SAME), "plain"),
        "cmlp, options": (options, "table"),
        "LightGBM": (trees(random_state=seed, n_jobs=2, verbose=-1), "categories"),
    }


def measured(name):
    """Contestant -> (scores, seconds), each of five seeds."""
    X, y = table(name)
    results: dict[str, tuple[list, list]] = {}
    for seed in SEEDS:
        rows = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=None if name in VALUES else y)
        X_train, X_test, y_train, y_test = rows
        forms = {"plain": plain(X_train, X_test), "table": (X_train, X_test)}
        forms["categories"] = categories(X_train), categories(X_test)
        for who, (estimator, form) in contestants(name in VALUES, seed).items():
            inputs, inputs_test = forms[form]
            began = time.perf_counter()
            estimator.fit(inputs, y_train)
            seconds = time.perf_counter() - began
            scores, times = results.setdefault(who, ([], []))
            scores.append(estimator.score(inputs_test, y_test))
            times.append(seconds)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=[*CLASSES, *VALUES])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine(), "\n")
    names, rows = ["cmlp", "scikit-learn", "cmlp, options", "LightGBM"], []
    for name in given.tables:
        results = measured(name)
        cells = [
            f"{np.mean(scores):.3f} ± {np.std(scores):.3f}, {np.median(times):.2f} s"
            for scores, times in map(results.get, names)
        ]
        ratio = np.median(results["scikit-learn"][1]) / np.median(results["cmlp"][1])
        rows.append((name, *cells, f"{ratio:.1f}"))
        print(*rows[-1], sep=" | ", flush=True)
    print()
    print_table(["table", *names, "times as fast as scikit-learn"], rows)


if __name__ == "__main__":
    main()
