"""Twenty layers of sigmoids on the bundled digits: how they must begin, or what must be between them, for them to learn.

``--plot FILE`` draws the curves (needs matplotlib).
"""

import argparse

from common import machine, print_table

import cmlp
from cmlp import datasets
from cmlp.initializers import Normal, Xavier

EPOCHS, DEPTH, WIDTH = 100, 20, 32
SMALL = Normal(0.01)
NETWORKS = {
    "normal(0, 0.01)": {"init": SMALL},
    "Xavier": {"init": Xavier()},
    "Xavier, gain 4": {"init": Xavier(gain=4)},
    "normal(0, 0.01), residual connections": {"init": SMALL, "residual": 1},
    "normal(0, 0.01), batch normalization": {"init": SMALL, "norm": "batch"},
}


def trained(settings):
    """(spread of dZ in the first layer over that in the last before training, history, test accuracy)."""
    X, y, X_test, y_test = datasets.load_digits(split=True)
    net = cmlp.Network([64, *[WIDTH] * DEPTH, 10], "sigmoid", input_scale=1 / 16, **settings)
    layers = net.trace(X, y).layers
    share = layers[0].dZ.std() / layers[-1].dZ.std()
    history = net.fit(X, y, optimizer=cmlp.Adam(0.001), batch_size=32, epochs=EPOCHS)
    return share, history, net.score(X_test, y_test)


def draw(runs, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for k, (name, (_, history, score)) in enumerate(runs.items()):
        axis.plot(history.epoch, history.loss, "-" if k < 3 else "--", label=f"{name}: {score:.1%}", linewidth=1.5)
    axis.set(xlabel="epoch", ylabel="cross-entropy of the training samples", yscale="log")
    axis.legend(fontsize=8, title="initializer, and parts between layers: test accuracy")
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE")
    given = parser.parse_args()
    print(machine(), "\n")
    runs = {name: trained(settings) for name, settings in NETWORKS.items()}
    rows = [(name, f"{share:.1e}", f"{h.loss[-1]:.3f}", f"{score:.1%}") for name, (share, h, score) in runs.items()]
    print_table(["64-(20 x 32 sigmoid)-10", "dZ of layer 0 / dZ of the last", "training loss", "test accuracy"], rows)
    if given.plot:
        draw(runs, given.plot)


if __name__ == "__main__":
    main()
