"""
What does it listen to?
=======================

Three growers of wine, told apart by thirteen chemical measurements (the data come with scikit-learn). The slope of each output
by each input, averaged over the wines, says which measurements speak for a grower and which against.
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
print(f"{net.score(X, data.target):.1%} of the wines are told right")

slopes = 100 * np.array([inspection.input_gradient(net, X, grower).mean(axis=0) for grower in range(3)])
most = abs(slopes).max()
figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
image = ax.imshow(slopes, cmap="PuOr", vmin=-most, vmax=most)
for place, slope in np.ndenumerate(slopes):
    ax.text(*place[::-1], f"{slope:+.1f}", ha="center", va="center", size=7)
ax.set_xticks(range(13), data.feature_names, rotation=40, ha="right", size=8)
ax.set_yticks(range(3), data.target_names)
figure.colorbar(image, label="% of probability\nfor one standard deviation")
