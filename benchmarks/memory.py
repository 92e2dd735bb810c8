"""Peak memory of a training on MNIST, beside what docs/design/memory.rst promises."""

import resource

from common import data_folder, machine, print_table

import cmlp
from cmlp import datasets
from cmlp.runtime.engines import most_rows


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    folder = data_folder() / "mnist"
    X = datasets.read_idx(folder / "train-images-idx3-ubyte.gz").reshape(60_000, 784)
    y = datasets.read_idx(folder / "train-labels-idx1-ubyte.gz")
    warm = cmlp.Network([784, 8, 10], input_scale=1 / 255)
    warm.fit(X[:256], y[:256], epochs=1)  # threads and BLAS take their own memory at the first use
    print(machine(), f"\n\nThe data: {X.nbytes / 1e6:.0f} MB of uint8.\n")
    rows = []
    for batch_size in (128, None):
        before = peak_megabytes()
        net = cmlp.Network([784, 512, 256, 10], input_scale=1 / 255)
        net.fit(X, y, optimizer="adam", batch_size=batch_size, epochs=1)
        capacity = min(batch_size or len(X), most_rows(net.n_params))
        parameters = 4 * net.n_params * (3 + 2 * 2) / 1e6
        work = 4 * capacity * (784 + 10 + 1 + 2 * (512 + 256 + 10)) / 1e6
        order = 8 * len(X) * 2 / 1e6  # the order of the samples, and their class codes
        growth = (peak_megabytes() - before) * 1.048576
        rows.append((batch_size or "all", f"{growth:.1f} MB", f"{parameters:.1f} + {work:.1f} + {order:.1f} MB"))
    print_table(["batch", "growth of the peak", "parameters x 7, work space, order and codes"], rows)


if __name__ == "__main__":
    main()
