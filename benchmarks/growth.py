"""Does the cost grow as the work does? Microseconds a step against width, depth, batch and samples, each over three decades.

    python benchmarks/growth.py --plot growth.svg

The last column is the share of the limit: what the multiplications would take at the rate of a product of 1024-cubed matrices
by NumPy on the same threads. It should climb from small to large without a dip; a dip is a cliff where a path changes.
"""

import argparse
import itertools
import statistics
import time

import numpy as np
from common import machine, print_table

import cmlp

SECONDS = 0.15  # of a measurement, of which three are made
SWEEPS = {
    "width": (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096),
    "depth": (1, 3, 10, 30, 100, 300, 1000),
    "batch": (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
    "samples": (1000, 10_000, 100_000, 1_000_000),
}


def case(sweep, value):
    """(layer widths, batch size, samples)"""
    return {
        "width": ([64, value, value, 10], 128, 1024),
        "depth": ([32] * (value + 1) + [10], 128, 1024),
        "batch": ([784, 100, 10], value, max(value, 2000)),
        "samples": ([32, 64, 64, 10], 256, value),
    }[sweep]


def microseconds(sizes, batch_size, n_samples, n_threads):
    rng = np.random.default_rng(0)
    X, y = rng.random((n_samples, sizes[0]), dtype=np.float32), rng.integers(0, sizes[-1], n_samples)
    net = cmlp.Network(sizes, "tanh")
    settings = {"optimizer": cmlp.SGD(1e-3), "batch_size": batch_size, "n_threads": n_threads}
    net.fit(X, y, epochs=1, **settings)  # nothing is touched for the first time after this
    began = time.perf_counter()
    net.fit(X, y, epochs=1, **settings)
    epochs = max(1, int(SECONDS / (time.perf_counter() - began)))
    steps = epochs * -(-n_samples // batch_size)
    return statistics.median(net.fit(X, y, epochs=epochs, **settings).time[-1] / steps * 1e6 for _ in range(3))


def multiplications(sizes, batch_size):
    products = [a * b for a, b in itertools.pairwise(sizes)]
    return batch_size * (3 * sum(products) - products[0])


def limit_rate(n_threads):
    """Multiply-adds a second of a large product."""
    from threadpoolctl import threadpool_limits

    A = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    times = []
    with threadpool_limits(n_threads):
        for _ in range(10):
            began = time.perf_counter()
            A @ A
            times.append(time.perf_counter() - began)
    return 1024**3 / min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS), metavar="NAME", help=", ".join(SWEEPS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", metavar="FILE", help="draw the curves (needs matplotlib)")
    arguments = parser.parse_args()
    times = {
        (sweep, value): microseconds(*case(sweep, value), arguments.threads)
        for sweep in arguments.sweeps
        for value in SWEEPS[sweep]
    }
    rate, curves = limit_rate(arguments.threads), {}  # last: BLAS's threads wait busily for a while after a product
    print(machine(), f"\n{arguments.threads} threads; limit {rate / 1e9:.0f} thousand million multiply-adds a second\n")
    for sweep in arguments.sweeps:
        work = {value: multiplications(*case(sweep, value)[:2]) for value in SWEEPS[sweep]}
        rows = curves[sweep] = [(value, times[sweep, value], work[value] / rate * 1e6) for value in SWEEPS[sweep]]
        print_table([sweep, "microseconds a step", "limit"], [(v, f"{u:.4g}", f"{m:.3g} ({m / u:.0%})") for v, u, m in rows])
    if arguments.plot:
        plot(curves, arguments.plot)


def plot(curves, path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(3.4 * len(curves), 3.2), layout="constrained", squeeze=False)
    for ax, (sweep, rows) in zip(axes[0], curves.items(), strict=True):
        values, times, limits = zip(*rows, strict=True)
        ax.plot(values, times, "o-", label="a step")
        ax.plot(values, limits, "--", label="limit of the products")
        ax.set(xscale="log", yscale="log", xlabel=sweep, ylabel="microseconds")
        ax.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
