"""What norms, dropout and the like cost: microseconds a step of 784-512-256-10, batches of 128, Adam, float32, two threads.

    python benchmarks/layers.py

The least of interleaved rounds, as whatever else happens on the machine only adds. Needs no data.
"""

import argparse

import numpy as np
from common import machine, microseconds_a_step, print_table

import cmlp

VARIANTS = {
    "plain": {},
    'activation="prelu"': {"activation": "prelu"},
    'norm="batch"': {"norm": "batch"},
    'norm="layer"': {"norm": "layer"},
    "residual=[0, 1]": {"residual": [0, 1]},
    "dropout=0.5": {"dropout": 0.5},
    "dropout=0.5, input_dropout=0.2": {"dropout": 0.5, "input_dropout": 0.2},
    "input_noise=0.1": {"input_noise": 0.1},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    X, y = rng.random((128 * 100, 784), "float32"), rng.integers(0, 10, 128 * 100)
    print(machine(), "\n")
    times = {name: [] for name in VARIANTS}
    for _ in range(arguments.rounds):
        for name, settings in VARIANTS.items():
            net = cmlp.Network([784, 512, 256, 10], **settings)
            times[name].append(microseconds_a_step(net, X, y, 128, 4, arguments.threads))
    print_table(["network", "a step"], ((f"`{name}`", f"{min(taken):,.0f}") for name, taken in times.items()))


if __name__ == "__main__":
    main()
