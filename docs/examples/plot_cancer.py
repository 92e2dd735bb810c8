"""
How sure must it be?
====================

Tumours from the measurements of their cells' nuclei (the Wisconsin data that come with scikit-learn). The lower the threshold
above which a tumour is called malignant, the more of the malignant ones are found, and the more alarms are false.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

import cmlp

X, y = load_breast_cancer(return_X_y=True)
malignant = y == 0
order = np.random.default_rng(0).permutation(len(X))
train, test = order[:200], order[200:]

model = cmlp.MLPClassifier((16,), scale="standard", solver=cmlp.Adam(0.01), max_iter=500, tol=1e-3, random_state=0)
model.fit(X[train], malignant[train])
probability = model.predict_proba(X[test])[:, 1]
print(f"accuracy {model.score(X[test], malignant[test]):.3f}")

thresholds = np.linspace(0.01, 0.99, 99)
alarms = probability > thresholds[:, None]
found = (alarms & malignant[test]).sum(axis=1) / malignant[test].sum()
right = (alarms & malignant[test]).sum(axis=1) / alarms.sum(axis=1)
plt.plot(thresholds, found, label="share of the malignant that is found")
plt.plot(thresholds, right, "--", label="share of the alarms that is right")
plt.xlabel("threshold")
plt.legend()
