"""
Quantile regression
===================

Three outputs learn the 5 %, 50 % and 95 % quantiles of y. The outer two form a 90 % prediction interval, which is wider
where y is noisier.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-3, 3, 1500))[:, None]
y = np.sin(2 * x[:, 0]) + (0.1 + 0.3 * (x[:, 0] > 0)) * rng.normal(size=1500)

net = cmlp.Network([1, 32, 32, 3], "tanh", loss=cmlp.losses.Quantile((0.05, 0.5, 0.95)))
net.fit(x, y[:, None], optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.02)), batch_size=64, epochs=150)
low, middle, high = net.forward(x).T
print(f"{((low < y) & (y < high)).mean():.1%} of the samples lie within the interval")

plt.plot(x, y, ".", color="0.7", markersize=3)
plt.fill_between(x[:, 0], low, high, alpha=0.4, label="5 % to 95 % quantile")
plt.plot(x, middle, "k", label="median")
plt.xlabel("x")
plt.ylabel("y")
plt.legend()
