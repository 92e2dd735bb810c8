"""
A picture as a network
======================

From the place of a pixel to its brightness: sines (Sitzmann et al. 2020) draw what rectifiers blur.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

side = 64
places = np.stack(np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side)), -1).reshape(-1, 2)
radius, angle = np.hypot(*places.T), np.arctan2(*places.T)
picture = (0.5 + 0.5 * np.sin(10 * radius + 3 * angle)) * (radius < 0.95)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
axes[0].imshow(picture.reshape(side, side), cmap="cividis")
axes[0].set_title("picture")
for ax, (activation, init) in zip(axes[1:], (("relu", None), (("sine", 10.0), "sine"))):
    net = cmlp.Network([2, 64, 64, 1], activation, "squared_error", init=init)
    net.fit(places, picture, optimizer=cmlp.Adam(cmlp.schedules.Cosine(0.003)), batch_size=256, epochs=150)
    ax.imshow(net.predict(places).reshape(side, side), cmap="cividis", vmin=0, vmax=1)
    ax.set_title(f"{net.layers[0].activation}: mean squared error {2 * net.cost(places, picture):.4f}")
for ax in axes:
    ax.set_axis_off()
