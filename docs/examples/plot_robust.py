"""
Robust regression: outliers
===========================

One sample in ten is an outlier. The squared error follows the outliers; the absolute error and the Huber loss do not.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

rng = np.random.default_rng(0)
x = np.linspace(-2, 2, 200)[:, None]
y = np.tanh(2 * x[:, 0]) + 0.05 * rng.normal(size=200)
y[rng.choice(200, 20, replace=False)] += 4

plt.plot(x, y, ".", color="0.6")
for loss, dash in (("squared_error", "-"), ("absolute_error", "--"), (cmlp.losses.Huber(0.1), ":")):
    net = cmlp.Network([1, 16, 1], "tanh", loss=loss)
    net.fit(x, y, optimizer=cmlp.Adam(0.01), batch_size=20, epochs=300)
    plt.plot(x, net.predict(x), dash, linewidth=2, label=loss if isinstance(loss, str) else repr(loss))
plt.xlabel("x")
plt.legend()
