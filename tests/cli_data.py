"""Tables and images to train on from the command line, and what can be read from what it prints."""

import re

import numpy as np

from cmlp.datasets import write_idx

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(60, 2)).round(3).tolist()
KINDS = ["low" if a + b < 0 else "high" for a, b in INPUTS]
VALUES = [round(100 + 30 * a - 20 * b, 3) for a, b in INPUTS]
FEW = ["--epochs", 2, "--hidden", 4]
LEARNS = ["--epochs", 60, "--hidden", "", "--learning-rate", 0.1, "--batch-size", 10]


def write_csv(name, target, inputs=INPUTS, header="a,b,y"):
    rows = [",".join(map(str, [*row, value])) for row, value in zip(inputs, target)]
    with open(name, "w", encoding="utf-8") as file:
        print(*([header] if header else []), *rows, sep="\n", file=file)
    return name


def write_images(name, n, shape=(3, 3), labels=None, dtype=np.uint8):
    """Images whose class, 0 to 2, is the row that is bright; and their labels."""
    y = np.arange(n, dtype=np.uint8) % 3
    X = np.zeros((n, *shape), dtype)
    X[np.arange(n), y] = 200
    write_idx(name, X)
    write_idx(name.replace("images-idx3", "labels-idx1"), y if labels is None else labels)
    return name


def metric(name, out):
    return float(re.search(rf"{name} (-?[\d.e+-]+)", out)[1])


def split_of(out):
    """How many samples it says it trains on, and tests on."""
    line = next(line for line in out.splitlines() if re.search(r"^[\d,]+ .*train.*test", line))
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", line)]


def without_times(out):
    return re.sub(r"[\d.]+ s(, [\d.e+-]+ s left)?$", "", out, flags=re.MULTILINE)
