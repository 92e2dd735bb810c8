"""Predictions and short trainings beside processes that keep the processors busy: the default number of threads against one.

    python benchmarks/neighbours.py --neighbours 0 1 2 --json benchmarks/results/neighbours-avx2.json

Every neighbour is a process that does nothing but count. Of each task the time with n_threads=1 and the time with the default
are measured alternately; a measurement is the mean of the calls that fill a twentieth of a second, so that a call that waits
for a processor counts with all its waiting. Ratios are taken within a round. Needs cmlp[sklearn], no data.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from common import machine_facts, print_table
from peers import PEERS
from sklearn.datasets import load_digits, load_iris
from sklearn.inspection import partial_dependence
from workloads import WORKLOADS

import cmlp

COUNT = "n = 0\nwhile True: n += 1"
LEAST = 0.05  # seconds that the calls of one measurement fill


def forward(n_rows, sizes):
    X = np.random.default_rng(0).random((n_rows, sizes[0]), dtype=np.float32)
    net = cmlp.Network(sizes)
    return lambda n_threads: lambda: net.forward(X, n_threads=n_threads)


def train(name):
    return lambda n_threads: PEERS["cmlp"](n_threads).train(WORKLOADS[name])


def fit(load):
    X, y = load(return_X_y=True)
    X = (X / X.max()).astype(np.float32)
    return lambda n_threads: lambda: cmlp.MLPClassifier(random_state=0, max_iter=50, n_threads=n_threads).fit(X, y)


def stop_early():
    """With the score of held-out data after every epoch."""
    X, y = load_digits(return_X_y=True)
    X, settings = X / 16, {"early_stopping": True, "random_state": 0, "max_iter": 50}
    return lambda n_threads: lambda: cmlp.MLPClassifier(**settings, n_threads=n_threads).fit(X, y)


def dependence():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 8)), rng.integers(0, 3, 300)

    def task(n_threads):
        model = cmlp.MLPClassifier((16,), max_iter=5, random_state=0, n_threads=n_threads).fit(X, y)
        return lambda: partial_dependence(model, X, [0])

    return task


TASKS = {
    "predict 300 x 8-16-3": lambda: forward(300, [8, 16, 3]),
    "predict 300 x 64-64-10": lambda: forward(300, [64, 64, 10]),
    "predict 3,000 x 64-64-10": lambda: forward(3000, [64, 64, 10]),
    "predict 10,000 x 64-64-10 (P2)": lambda: forward(10_000, [64, 64, 10]),
    "predict 1,000 x 784-100-10": lambda: forward(1000, [784, 100, 10]),
    "predict 10,000 x 784-512-256-10 (P4)": lambda: forward(10_000, [784, 512, 256, 10]),
    "predict 60,000 x 784-512-256-10": lambda: forward(60_000, [784, 512, 256, 10]),
    "partial dependence, 300 x 8-16-3": dependence,
    "fit MLPClassifier, 150 x 4": lambda: fit(load_iris),
    "fit MLPClassifier, digits": lambda: fit(load_digits),
    "the same, early stopping": stop_early,
    "train W1": lambda: train("W1"),
    "train W2": lambda: train("W2"),
    "train W3": lambda: train("W3"),
    "train W4": lambda: train("W4"),
    "train W5": lambda: train("W5"),
    "train W7": lambda: train("W7"),
}


@contextlib.contextmanager
def busy(n):
    """So many processes that count."""
    processes = [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(n)]
    try:
        time.sleep(0.3 if n else 0)
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(function) -> float:
    """Seconds of a call."""
    calls, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < LEAST:
        function()
        calls += 1
    return spent / calls


def alternate(task, neighbours, rounds) -> dict:
    """{"one": [seconds, one a round], "default": the same}"""
    functions = {"one": task(1), "default": task(None)}
    for function in functions.values():
        function()
    with busy(neighbours):
        taken = [{name: measure(function) for name, function in functions.items()} for _ in range(rounds)]
    return {name: [row[name] for row in taken] for name in functions}


def cell(result) -> str:
    one, default = result["one"], result["default"]
    ratio = statistics.median(b / a for a, b in zip(one, default, strict=True))
    us = statistics.median(one) * 1e6
    return f"{us:,.3g} ({ratio:.2f})" if us < 1000 else f"{us:,.0f} ({ratio:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS), metavar="TASK")
    parser.add_argument("--neighbours", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE", help="write every measurement there")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    facts = machine_facts()
    print(*(f"{key}: {value}" for key, value in facts.items()), sep="\n")
    print("\nmicroseconds of a call with n_threads=1, median; in brackets the median ratio of the default's time to it\n")
    results, rows = [], []
    for name in arguments.tasks:
        task = TASKS[name]()
        taken = {n: alternate(task, n, arguments.rounds) for n in arguments.neighbours}
        results += [{"task": name, "neighbours": n, **result} for n, result in taken.items()]
        rows.append([name, *map(cell, taken.values())])
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    print_table(["task", *(f"{n} neighbours" for n in arguments.neighbours)], rows)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"machine": facts, "results": results}, indent=1))


if __name__ == "__main__":
    main()
