"""
A map of the digits
===================

An autoencoder learns to say what it was shown, through a layer of two units: what these two hold is a map, on which alike
digits lie together. No label was used.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp
from cmlp import inspection

X, y = cmlp.datasets.load_digits()
net = cmlp.Network([64, 64, 2, 64, 64], ["relu", "tanh", "relu"], "squared_error", output="sigmoid", input_scale=1 / 16)
net.fit(X, X / 16, optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.01)), batch_size=32, epochs=150)

places = inspection.activations(net, X, 1)
figure, ax = plt.subplots(figsize=(7, 7))
for digit in range(10):
    for place in places[y == digit][:60]:
        ax.text(*place, str(digit), color=f"C{digit}", size=8)
ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="first unit", ylabel="second unit")
print("mean squared error of a pixel:", np.mean((net.forward(X) - X / 16) ** 2).round(4))
