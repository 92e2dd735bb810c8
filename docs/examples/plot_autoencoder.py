"""
Autoencoder: a 2D embedding of digits
=====================================

An autoencoder learns to reproduce its input through a bottleneck layer of two units. The activations of these two units are
a two-dimensional embedding in which similar digits lie close together. Training uses no labels.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp
from cmlp import inspection

X, y = cmlp.datasets.load_digits()
net = cmlp.Network([64, 64, 2, 64, 64], ["relu", "tanh", "relu"], "squared_error", output="sigmoid", input_scale=1 / 16)
net.fit(X, X / 16, optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.01)), batch_size=32, epochs=150)

embedding = inspection.activations(net, X, 1)
figure, ax = plt.subplots(figsize=(7, 7))
for digit in range(10):
    for point in embedding[y == digit][:60]:
        ax.text(*point, str(digit), color=f"C{digit}", size=8)
ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="first bottleneck unit", ylabel="second bottleneck unit")
print("mean squared error per pixel:", np.mean((net.forward(X) - X / 16) ** 2).round(4))
