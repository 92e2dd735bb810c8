"""
Confusion matrix: Fashion-MNIST
===============================

Classify clothes in images of 28 by 28 pixels: Fashion-MNIST, if ``CMLP_DATA`` names a folder that contains it
(``fashion-mnist/``); otherwise the bundled digits. The network confuses shirts, pullovers and coats, but not bags and
boots.
"""

import os
from pathlib import Path

import cmlp
from cmlp import inspection

folder = Path(os.environ.get("CMLP_DATA") or ".", "fashion-mnist")
if folder.is_dir():
    files = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    X, y, X_test, y_test = (cmlp.datasets.read_idx(folder / f"{name}-ubyte.gz") for name in files)
    X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
    X, y, scale = X[:20_000], y[:20_000], 1 / 255
    names = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
else:
    X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    names, scale = None, 1 / 16

net = cmlp.Network([X.shape[1], 128, 10], dropout=0.2, input_scale=scale)
net.fit(X, y, optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.003)), batch_size=128, epochs=6)
print(f"{len(X):,} training images; test accuracy {net.score(X_test, y_test):.1%}")
display = inspection.plot_confusion(net, X_test, y_test, normalize="true")
if names:
    display.ax_.set_xticks(range(10), names, rotation=40, ha="right")
    display.ax_.set_yticks(range(10), names)
