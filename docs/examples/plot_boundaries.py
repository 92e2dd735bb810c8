"""
Decision boundaries
===================

Four two-dimensional data sets, and the decision boundary that a small network learns on each.
"""

import matplotlib.pyplot as plt

import cmlp
from cmlp import inspection

figure, axes = plt.subplots(2, 2, figsize=(8, 7), layout="constrained")
for ax, make in zip(axes.flat, (cmlp.datasets.moons, cmlp.datasets.circles, cmlp.datasets.spirals, cmlp.datasets.flower)):
    X, y = make(300)
    net = cmlp.Network([2, 24, 24, y.max() + 1], "tanh")
    net.fit(X, y, optimizer=cmlp.Adam(0.01), batch_size=32, epochs=150)
    inspection.plot_decision_boundary(net, X, y, ax, n_grid=120, colorbar=False)
    ax.set_title(f"{make.__name__}: accuracy {net.score(X, y):.0%}")
