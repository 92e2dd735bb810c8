"""
Prediction intervals by quantile regression
===========================================

Predict the progression of diabetes after one year from ten baseline measurements (442 patients; the data come with
scikit-learn). The measurements explain little of it, so the prediction intervals are wide: four of five new patients should
lie within theirs.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import cmlp

X, y = load_diabetes(return_X_y=True)
order = np.random.default_rng(0).permutation(len(X))
train, test = order[:300], order[300:]

quantiles = cmlp.losses.Quantile((0.1, 0.5, 0.9))
settings = {"solver": cmlp.Adam(0.003), "scale": "standard", "max_iter": 400, "early_stopping": True, "random_state": 0}
model = cmlp.MLPRegressor((8,), "tanh", loss=quantiles, **settings)
model.fit(X[train], y[train])
middle = model.predict(X[test])
low, high = model.predict_interval(X[test]).T
print(f"{((low <= y[test]) & (y[test] <= high)).mean():.0%} of the test patients lie within their prediction intervals")

by_middle = np.argsort(middle)
rank = np.arange(len(test))
plt.vlines(rank, low[by_middle], high[by_middle], color="0.8", label="10 % to 90 % quantile")
plt.plot(rank, middle[by_middle], "k", label="median")
plt.plot(rank, y[test][by_middle], ".", label="observed")
plt.xlabel("patients, sorted by prediction")
plt.ylabel("disease progression")
plt.legend()
