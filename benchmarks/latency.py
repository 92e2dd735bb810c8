"""Predictions from a data frame: one row and 10,000 rows, by an estimator, its model, scikit-learn's pipeline and LightGBM.

    python benchmarks/latency.py

Ten numeric columns, or six numeric ones and six of text with 8 levels; scaled, one-hot encoded, one hidden layer of 100 units,
two classes. The calls of all are interleaved, and the numbers are medians. Needs cmlp[sklearn], pandas and, where installed,
lightgbm; no data.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
import pandas as pd
from common import print_table
from sklearn.compose import make_column_transformer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import cmlp

N_TRAINING, N_MANY, AT_ONCE = 4000, 10_000, 20


def tables():
    """(name, frame, labels) of the numeric and the mixed table."""
    rng = np.random.default_rng(0)
    numeric = pd.DataFrame({f"n{i}": rng.normal(size=N_TRAINING) for i in range(10)})
    text = {f"c{i}": rng.choice([f"level {k}" for k in range(8)], N_TRAINING) for i in range(6)}
    mixed = pd.concat([numeric.iloc[:, :6], pd.DataFrame(text)], axis=1)
    y = (numeric["n0"] + numeric["n1"] > 0).to_numpy()
    return [("numeric", numeric, y), ("mixed", mixed, y)]


def models(frame, y):
    """What predicts, by name, and the frame that it takes."""
    settings = {"hidden_layer_sizes": (100,), "max_iter": 3, "random_state": 0}
    text = [name for name in frame if frame[name].dtype.kind not in "f"]
    numbers = [name for name in frame if name not in text]
    encoder = OneHotEncoder(handle_unknown="ignore")
    before = make_column_transformer((StandardScaler(), numbers), (encoder, text)) if text else StandardScaler()
    estimator = cmlp.MLPClassifier(scale="standard", categorical_features="from_dtype", **settings).fit(frame, y)
    found = {
        "cmlp.MLPClassifier": (estimator, frame),
        "cmlp.Model": (estimator.to_model(), frame),
        "scikit-learn's pipeline": (make_pipeline(before, MLPClassifier(**settings)).fit(frame, y), frame),
    }
    try:
        import lightgbm
    except ImportError:
        return found
    categories = frame.astype(dict.fromkeys(text, "category"))
    return found | {"LightGBM": (lightgbm.LGBMClassifier(verbose=-1, n_jobs=1).fit(categories, y), categories)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=15)
    n_rounds = options.parse_args().rounds
    warnings.simplefilter("ignore")
    rows = []
    for table, frame, y in tables():
        each = models(frame, y)
        seconds = {name: ([], []) for name in each}
        for _ in range(n_rounds):
            for name, (model, given) in each.items():
                one, many = given.iloc[:1], given.iloc[np.arange(N_MANY) % len(given)]
                begin = time.perf_counter()
                for _ in range(AT_ONCE):
                    model.predict_proba(one)
                between = time.perf_counter()
                model.predict_proba(many)
                seconds[name][0].append((between - begin) / AT_ONCE)
                seconds[name][1].append(time.perf_counter() - between)
        for name, (one, many) in seconds.items():
            rows.append([table, name, f"{statistics.median(one) * 1e6:,.0f} us", f"{statistics.median(many) * 1e3:.1f} ms"])
    print_table(["table", "model", "one row", f"{N_MANY:,} rows"], rows)


if __name__ == "__main__":
    main()
