"""
Feature importance by input gradients
=====================================

Three wine growers, told apart by thirteen chemical measurements (the data come with scikit-learn). The gradient of each
output with respect to each input, averaged over the samples, shows which features raise or lower the probability of a
grower.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine

import cmlp
from cmlp import inspection

data = load_wine()
X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
net = cmlp.Network([13, 16, 3], "tanh")
net.fit(X, data.target, optimizer=cmlp.AdamW(0.01, weight_decay=3.0), epochs=60)
print(f"training accuracy {net.score(X, data.target):.1%}")

gradients = 100 * np.array([inspection.input_gradient(net, X, grower).mean(axis=0) for grower in range(3)])
most = abs(gradients).max()
figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
image = ax.imshow(gradients, cmap="PuOr", vmin=-most, vmax=most)
for (row, column), gradient in np.ndenumerate(gradients):
    ax.text(column, row, f"{gradient:+.1f}", ha="center", va="center", size=7)
ax.set_xticks(range(13), data.feature_names, rotation=40, ha="right", size=8)
ax.set_yticks(range(3), data.target_names)
figure.colorbar(image, label="change of the probability (%)\nper standard deviation")
