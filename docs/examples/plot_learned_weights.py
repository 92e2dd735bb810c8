"""
Weights of the first layer
==========================

The weights into twenty hidden units, before and after training: noise becomes patches and strokes in which neighboring
pixels have similar weights. (Each panel has its own color scale.)
"""

import matplotlib.pyplot as plt

import cmlp
from cmlp import inspection

X, y = cmlp.datasets.load_digits()
net = cmlp.Network([64, 20, 10], "tanh", input_scale=1 / 16)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
inspection.plot_weights(net, ax=left)
left.set_title("before training")
net.fit(X, y, optimizer=cmlp.AdamW(0.01, weight_decay=0.3), batch_size=32, epochs=40)
inspection.plot_weights(net, ax=right)
right.set_title(f"after 40 epochs, accuracy {net.score(X, y):.3f}")
