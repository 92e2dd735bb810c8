"""Images without their geometry: MNIST with dropout and max-norm; one-cycle against a constant rate; Fashion-MNIST.

``--epochs N`` and ``--seeds N`` for the first, the long one (80, 1); ``--only NAME``: one of dropout, cycle, fashion.
"""

import argparse
import time

from common import images, machine, print_table

import cmlp
from cmlp import schedules


def trained(net, data, **settings):
    """(error on the test images in percent, seconds of training)."""
    X, y, X_test, y_test = data
    began = time.perf_counter()
    net.fit(X, y, **settings)
    return 100 - 100 * net.score(X_test, y_test), time.perf_counter() - began


def row(name, error, seconds):
    return name, f"{error:.2f} %", f"{seconds:.1f} s"


def dropout(epochs, seeds):
    """Srivastava et al., JMLR 2014, table 2: 1.06 % with 3 layers of 1024 relu units, dropout and max-norm."""
    print(f"784-1024-1024-1024-10, dropout 0.2 and 0.5, max-norm 2, Adam, cosine from 0.001, batches of 128, {epochs} epochs\n")
    data, rows = images("mnist"), []
    for seed in range(seeds):
        net = cmlp.Network([784, 1024, 1024, 1024, 10], dropout=0.5, input_dropout=0.2, input_scale=1 / 255, seed=seed)
        optimizer, penalty = cmlp.Adam(schedules.Cosine(0.001)), cmlp.Regularization(max_norm=2.0)
        rows.append(row(f"seed {seed}", *trained(net, data, optimizer=optimizer, regularization=penalty, epochs=epochs)))
    print_table(["", "test error", "time"], rows)


def cycle():
    print("784-512-256-10, Adam, batches of 128\n")
    data, rows = images("mnist"), []
    for name, rate, epochs in (
        ("one-cycle to 0.003, 5 epochs", schedules.OneCycle(0.003), 5),
        ("constant 0.001, 20 epochs", 0.001, 20),
        ("constant 0.003, 20 epochs", 0.003, 20),
        ("constant 0.0003, 20 epochs", 0.0003, 20),
    ):
        runs = []
        for seed in range(3):
            net = cmlp.Network([784, 512, 256, 10], input_scale=1 / 255, seed=seed)
            runs.append(trained(net, data, optimizer=cmlp.Adam(rate), epochs=epochs))
        errors, seconds = zip(*runs, strict=True)
        rows.append((name, ", ".join(f"{error:.2f} %" for error in errors), f"{sorted(seconds)[1]:.1f} s"))
    print_table(["rate", "test error of three seeds", "time of one"], rows)


def fashion():
    print("Fashion-MNIST: 784-512-256-10, batch norm, dropout 0.2, AdamW, one-cycle to 0.001, batches of 128, 30 epochs\n")
    data, rows = images("fashion-mnist"), []
    for seed in range(3):
        net = cmlp.Network([784, 512, 256, 10], norm="batch", dropout=0.2, input_scale=1 / 255, seed=seed)
        rows.append(row(f"seed {seed}", *trained(net, data, optimizer=cmlp.AdamW(schedules.OneCycle(0.001)), epochs=30)))
    print_table(["", "test error", "time"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=["dropout", "cycle", "fashion"])
    given = parser.parse_args()
    print(machine(), "\n")
    for name, run in (("cycle", cycle), ("fashion", fashion), ("dropout", lambda: dropout(given.epochs, given.seeds))):
        if given.only in (None, name):
            run()


if __name__ == "__main__":
    main()
