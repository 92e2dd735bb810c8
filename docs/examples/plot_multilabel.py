"""
Multilabel classification
=========================

Which of four shapes does an image contain? Each output is a binary classification of its own: log loss, with one column of
y per label.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

rng = np.random.default_rng(0)
lines = {
    "row": np.s_[2, :],
    "column": np.s_[:, 5],
    "rising": np.s_[np.arange(7, -1, -1), np.arange(8)],
    "falling": np.s_[np.arange(8), np.arange(8)],
}
Y = rng.integers(0, 2, (2000, 4))
X = 0.4 * rng.normal(size=(2000, 8, 8))
for j, pixels in enumerate(lines.values()):
    for i in np.flatnonzero(Y[:, j]):
        X[i][pixels] += 1
X = X.reshape(2000, 64)

net = cmlp.Network([64, 32, 4], loss="log_loss")
net.fit(X[:1500], Y[:1500], optimizer=cmlp.Adam(0.01), epochs=20)
print(f"all four labels are correct for {net.score(X[1500:], Y[1500:]):.1%} of the test images")

figure, axes = plt.subplots(1, 5, figsize=(10, 2.4), layout="constrained")
for ax, image, labels in zip(axes, X[1500:], net.predict(X[1500:1505])):
    ax.imshow(image.reshape(8, 8), cmap="gray_r")
    ax.set_title(", ".join(name for name, yes in zip(lines, labels) if yes) or "none", size=8)
    ax.set_axis_off()
