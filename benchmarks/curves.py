"""Every optimizer, and every schedule, on one real table (letter: 20,000 samples, 16 columns, 26 classes): loss against epochs.

``--plot FILE`` draws both beside each other (needs matplotlib); without it a table of the last epochs is printed.
"""

import argparse

from common import machine, print_table
from tabular import prepared

import cmlp
from cmlp import schedules

EPOCHS, BATCH = 30, 128
OPTIMIZERS = {  # at rates that work here, not tuned
    "SGD": cmlp.SGD(0.3),
    "Momentum": cmlp.Momentum(0.03),
    "Nesterov": cmlp.Nesterov(0.03),
    "Adagrad": cmlp.Adagrad(0.03),
    "Adadelta": cmlp.Adadelta(3.0),
    "RMSprop": cmlp.RMSprop(0.001),
    "Adam": cmlp.Adam(0.003),
    "AMSGrad": cmlp.AMSGrad(0.003),
    "NAdam": cmlp.NAdam(0.003),
    "RAdam": cmlp.RAdam(0.003),
    "Lion": cmlp.Lion(0.0003),
    "L-BFGS (full batch)": cmlp.LBFGS(),
    "Rprop (full batch)": cmlp.Rprop(0.001),
}
SCHEDULES = {  # of Adam, all with 0.01 as their highest rate
    "constant": 0.01,
    "step": schedules.Step(0.01, 0.3, every=10),
    "exponential": schedules.Exponential(0.01, 0.9),
    "inverse time": schedules.InverseTime(0.01, 0.3),
    "polynomial": schedules.Polynomial(0.01),
    "cosine": schedules.Cosine(0.01),
    "cosine, restarts": schedules.Cosine(0.01, epochs=10, restarts=True),
    "warm-up, cosine": schedules.WarmUp(schedules.Cosine(0.01), 3),
    "one-cycle": schedules.OneCycle(0.01),
    "reduce on plateau": schedules.ReduceOnPlateau(0.01, 0.3, patience=2),
}


def trained(data, optimizer):
    """(history, test accuracy)."""
    X, y, X_test, y_test = data
    net = cmlp.Network([16, 64, 64, 26], seed=0)
    whole = isinstance(optimizer, (cmlp.LBFGS, cmlp.Rprop))
    history = net.fit(X, y, optimizer=optimizer, batch_size=None if whole else BATCH, epochs=EPOCHS)
    return history, net.score(X_test, y_test)


def draw(optimizers, rates, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained", sharey=True)
    for axis, runs, title in zip(axes, (optimizers, rates), ("optimizers", "schedules of Adam"), strict=True):
        for k, (name, (history, _)) in enumerate(runs.items()):
            axis.plot(history.epoch, history.loss, label=name, linewidth=1.3, linestyle="-" if k < 10 else "--")
        axis.set(xlabel="epoch", yscale="log", title=title)
        axis.legend(fontsize=8, ncols=2)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("cross-entropy of the training samples")
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE")
    given = parser.parse_args()
    data = prepared("letter", "lettr")
    print(machine(), "\n")
    optimizers = {name: trained(data, optimizer) for name, optimizer in OPTIMIZERS.items()}
    rates = {name: trained(data, cmlp.Adam(schedule)) for name, schedule in SCHEDULES.items()}
    for title, runs in (("optimizer", optimizers), ("schedule of Adam", rates)):
        rows = [(name, f"{h.loss[-1]:.3f}", f"{score:.4f}", f"{h.time[-1]:.2f}") for name, (h, score) in runs.items()]
        print_table([title, "training loss", "test accuracy", "seconds"], rows)
    if given.plot:
        draw(optimizers, rates, given.plot)


if __name__ == "__main__":
    main()
