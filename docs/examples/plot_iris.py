"""
Three kinds of iris
===================

Fisher's irises by the length and width of their petals: one kind stands apart, two overlap, and there the network is unsure.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import cmlp
from cmlp import inspection

data = load_iris()
X = data.data[:, 2:]
net = cmlp.Network([2, 16, 3], "tanh", dtype="float64")
net.fit(X, data.target, optimizer=cmlp.LBFGS(), batch_size=None, epochs=100, penalty=cmlp.Penalty(l2=0.003))
display = inspection.plot_decision_boundary(net, X, data.target)
plt.xlabel("length of the petals, cm")
plt.ylabel("width of the petals, cm")
plt.title(f"{net.score(X, data.target):.1%} are told right")
display.ax_.get_legend().set_loc("lower right")
