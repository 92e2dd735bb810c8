"""
Gaussian likelihood: mean and variance
======================================

With ``loss="gaussian"`` a network learns the mean of y and its variance, so each prediction has an uncertainty.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, (2000, 1))
deviation = 0.05 + 0.25 * np.abs(x[:, 0]) / 3
y = 0.5 * x[:, 0] + deviation * rng.normal(size=2000)

net = cmlp.Network([1, 32, 2], "tanh", loss="gaussian")
net.fit(x, y[:, None], optimizer=cmlp.Adam(0.01), batch_size=64, epochs=100)
grid = np.linspace(-3, 3, 200)[:, None]
mean, variance = net.forward(grid).T
print("standard deviation at 0 and 3: learned", np.sqrt(variance[[100, 199]]).round(3), "true", [0.05, 0.3])

plt.plot(x, y, ".", color="0.7", markersize=3)
for k, shade in ((2, 0.3), (1, 0.5)):
    plt.fill_between(grid[:, 0], mean - k * np.sqrt(variance), mean + k * np.sqrt(variance), color="C0", alpha=shade)
plt.plot(grid, mean, "k")
plt.xlabel("x")
plt.ylabel("y, with bands of one and two standard deviations")
