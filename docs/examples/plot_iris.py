"""
Multiclass classification: iris
===============================

Fisher's iris data, by length and width of the petals: one class is well separated, two overlap, and there the network is
uncertain.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import cmlp
from cmlp import inspection

data = load_iris()
X = data.data[:, 2:]
net = cmlp.Network([2, 16, 3], "tanh", dtype="float64")
regularization = cmlp.Regularization(l2=0.003)
net.fit(X, data.target, optimizer=cmlp.LBFGS(), batch_size=None, epochs=100, regularization=regularization)
display = inspection.plot_decision_boundary(net, X, data.target)
plt.xlabel("petal length (cm)")
plt.ylabel("petal width (cm)")
plt.title(f"accuracy {net.score(X, data.target):.1%}")
display.ax_.get_legend().set_loc("lower right")
