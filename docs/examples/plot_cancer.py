"""
Decision threshold: recall and precision
========================================

Classify tumors from measurements of cell nuclei (the Wisconsin breast cancer data of scikit-learn). A lower decision
threshold for "malignant" finds more of the malignant tumors (higher recall), and raises more false alarms (lower
precision).
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
predicted = probability > thresholds[:, None]
recall = (predicted & malignant[test]).sum(axis=1) / malignant[test].sum()
precision = (predicted & malignant[test]).sum(axis=1) / predicted.sum(axis=1)
plt.plot(thresholds, recall, label="recall")
plt.plot(thresholds, precision, "--", label="precision")
plt.xlabel("decision threshold")
plt.legend()
