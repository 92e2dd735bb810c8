"""
Classifying handwritten digits
==============================

Train a network on the bundled digits, and show the test images on which it is least confident.
"""

import matplotlib.pyplot as plt
import numpy as np

import cmlp

X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
net.fit(X, y, optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.01)), batch_size=32, epochs=20)
print(f"test accuracy {net.score(X_test, y_test):.3f}")

probabilities = net.predict_proba(X_test)
least_confident = np.argsort(probabilities.max(axis=1))[:10]
figure, axes = plt.subplots(2, 5, figsize=(8, 3.6), layout="constrained")
for ax, i in zip(axes.flat, least_confident):
    first, second = np.argsort(-probabilities[i])[:2]
    ax.imshow(X_test[i].reshape(8, 8), cmap="gray_r")
    ax.set_title(f"{first} {probabilities[i, first]:.0%}, {second} {probabilities[i, second]:.0%}; true: {y_test[i]}", size=8)
    ax.set_axis_off()
