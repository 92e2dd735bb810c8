"""
Vanishing gradients by depth
============================

The size of dZ at the first step in a plain network of sigmoids, and in one with residual connections around blocks of two
layers. Layers inside a block get smaller gradients than the layers at its ends, which explains the zigzag.
"""

import matplotlib.pyplot as plt

import cmlp
from cmlp import inspection

X, y = cmlp.datasets.load_digits()
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
for ax, residual in zip(axes, (0, 2)):
    net = cmlp.Network([64] + [32] * 20 + [10], "sigmoid", residual=residual, input_scale=1 / 16)
    inspection.plot_gradients(net, X, y, ax, kind="bands")
    ax.set_title("residual connections" if residual else "plain")
