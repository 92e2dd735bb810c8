"""Full MNIST: what networks of the courses and textbooks reach, and how long they take."""

import time

from common import machine, mnist, print_table

import cmlp


def timed(net, parts, data):
    """Fit in parts, each a dict of arguments; (test accuracy, seconds of fitting)."""
    X, y, X_test, y_test = data
    began = time.perf_counter()
    for part in parts:
        net.fit(X, y, **part)
    seconds = time.perf_counter() - began
    return f"{100 * net.score(X_test, y_test):.2f} %", f"{seconds:.2f} s"


def modern(seed, width=128):
    return cmlp.Network([784, width, 10], input_scale=1 / 255, seed=seed)


def classic():
    """Input, hidden, output; sigmoids; squared error; no biases."""
    return cmlp.Network([784, 128, 10], "sigmoid", "squared_error", output="sigmoid", bias=False, input_scale=1 / 255)


def main():
    data = mnist()
    print(machine(), "\n")

    print("784-128-10, relu, softmax, cross-entropy, Adam, batches of 128; 7 epochs at 0.002, 3 at 0.0002\n")
    parts = [{"optimizer": cmlp.Adam(0.002), "epochs": 7}, {"optimizer": cmlp.Adam(0.0002), "epochs": 3}]
    print_table(["seed", "test accuracy", "time"], [(seed, *timed(modern(seed), parts, data)) for seed in range(5)])

    print("98 % soonest: 784-192-10, the same but 3 epochs at 0.003, 1 at 0.0005\n")
    parts = [{"optimizer": cmlp.Adam(0.003), "epochs": 3}, {"optimizer": cmlp.Adam(0.0005), "epochs": 1}]
    print_table(["seed", "test accuracy", "time"], [(seed, *timed(modern(seed, 192), parts, data)) for seed in range(5)])

    print("The classic network: 784-128-10, sigmoid, squared error, no biases, gradient descent\n")
    rows = []
    for name, batch_size, learning_rate, epochs in (
        ("one sample", 1, 0.1, 5),
        ("all samples", None, 1.0, 5),
        ("all samples", None, 1.0, 200),
    ):
        part = {"optimizer": cmlp.SGD(learning_rate), "batch_size": batch_size, "epochs": epochs}
        rows.append((name, learning_rate, epochs, *timed(classic(), [part], data)))
    print_table(["step", "learning rate", "epochs", "test accuracy", "time"], rows)

    print("784-128-10, sigmoid, gradient descent, 20 epochs: loss against batch\n")
    rows = []
    for loss, output in (("squared_error", "sigmoid"), ("cross_entropy", None)):
        for batch, batch_size, learning_rate in (("full", None, 1.0), ("128", 128, 1.0)):
            net = cmlp.Network([784, 128, 10], "sigmoid", loss, output=output, input_scale=1 / 255)
            part = {"optimizer": cmlp.SGD(learning_rate), "batch_size": batch_size, "epochs": 20}
            rows.append((loss, batch, *timed(net, [part], data)))
    print_table(["loss", "batch", "test accuracy", "time"], rows)


if __name__ == "__main__":
    main()
