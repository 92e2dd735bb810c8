"""
Monte-Carlo dropout: uncertainty of a prediction
================================================

Predict a hundred times with dropout on. In the gap between the training samples and to the right of them, the predictions
differ. At the left end they agree without any data to support them: the spread is a hint of uncertainty, not a proof.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

rng = np.random.default_rng(0)
x = np.concatenate([rng.uniform(-3, -1, 200), rng.uniform(1, 2, 200)])[:, None]
y = np.sin(2 * x) + 0.05 * rng.normal(size=x.shape)

net = cmlp.Network([1, 100, 100, 1], "relu", "squared_error", dropout=0.1)
net.fit(x, y, optimizer=cmlp.Adam(0.005), batch_size=32, epochs=300)
grid = np.linspace(-4, 4, 300)[:, None]
passes = net.forward(grid, passes=100)[:, :, 0]

plt.plot(x, y, "k.", markersize=3, label="training samples")
plt.plot(grid, passes.mean(axis=0), label="mean of 100 passes")
low, high = np.quantile(passes, [0.05, 0.95], axis=0)
plt.fill_between(grid[:, 0], low, high, alpha=0.3, label="90 % of the passes")
plt.ylim(-3, 3)
plt.xlabel("x")
plt.legend()
