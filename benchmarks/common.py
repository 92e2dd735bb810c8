"""What the benchmarks share: where the data are, on what they ran, how a table is printed."""

import contextlib
import os
import platform
import sys
from pathlib import Path

import cmlp
from cmlp import datasets
from cmlp.runtime.config import config


def data_folder() -> Path:
    folder = os.environ.get("CMLP_DATA")
    if not folder:
        sys.exit("CMLP_DATA must name the folder of the data sets; see benchmarks/README.md")
    return Path(folder)


def images(folder: str):
    """X (60000, 784) uint8, y, X_test (10000, 784), y_test of "mnist" or "fashion-mnist"."""
    names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    X, y, X_test, y_test = (datasets.read_idx(data_folder() / folder / f"{name}-ubyte.gz") for name in names)
    return X.reshape(len(X), -1), y, X_test.reshape(len(X_test), -1), y_test


def mnist():
    return images("mnist")


def machine() -> str:
    parts = config()
    threads = parts["threads"].split()[0]
    return f"{platform.machine()}, {parts['instruction set']}, {parts['blas']}, {threads} threads, cmlp {cmlp.__version__}"


def machine_facts() -> dict:
    """The processor, the cores that may be used, and what cmlp and BLAS run on it."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    facts = {"processor": model, "cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    return facts | {f"cmlp {key}": value for key, value in config().items() if key != "cmlp"}


def microseconds_a_step(net, X, y, batch_size: int, epochs: int, n_threads: int) -> float:
    """Of epochs that come after a first one, in which memory is touched and threads are woken; batches are whole."""
    net.fit(X, y, batch_size=batch_size, epochs=1, n_threads=n_threads)
    history = net.fit(X, y, batch_size=batch_size, epochs=epochs, n_threads=n_threads)
    return history.time[-1] / (epochs * len(X) / batch_size) * 1e6


def print_table(header, rows) -> None:
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
    print()
