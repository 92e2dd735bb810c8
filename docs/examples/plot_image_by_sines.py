"""
An image as a network: sine activations
=======================================

The network maps the coordinates of a pixel to its brightness. Sine activations (Sitzmann et al. 2020) represent fine detail
that ReLU blurs.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

side = 64
coordinates = np.stack(np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side)), -1).reshape(-1, 2)
radius, angle = np.hypot(*coordinates.T), np.arctan2(*coordinates.T)
image = (0.5 + 0.5 * np.sin(10 * radius + 3 * angle)) * (radius < 0.95)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(image.reshape(side, side), cmap="cividis")
axes[0].set_title("target")
kinds = {"relu": ("relu", None), "sine": (cmlp.activations.Sine(10.0), "sine")}
for ax, (name, (activation, init)) in zip(axes[1:], kinds.items()):
    net = cmlp.Network([2, 64, 64, 1], activation, "squared_error", init=init)
    net.fit(coordinates, image, optimizer=cmlp.Adam(cmlp.schedules.Cosine(0.003)), batch_size=256, epochs=150)
    ax.imshow(net.predict(coordinates).reshape(side, side), cmap="cividis", vmin=0, vmax=1)
    ax.set_title(f"{name}: mean squared error {2 * net.cost(coordinates, image):.4f}")
for ax in axes:
    ax.set_axis_off()
