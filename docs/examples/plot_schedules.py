"""
Learning rate schedules
=======================

How seven schedules change the learning rate over ten epochs.
"""

import matplotlib.pyplot as plt
import numpy as np

from cmlp import schedules

steps, epochs = 100, 10
kinds = {
    "Step": schedules.Step(1.0, 0.5, every=2),
    "Exponential": schedules.Exponential(1.0, 0.7),
    "Linear": schedules.Linear(1.0),
    "Cosine": schedules.Cosine(1.0),
    "Cosine with restarts": schedules.Cosine(1.0, epochs=2, restarts=True, growth=2),
    "OneCycle": schedules.OneCycle(1.0),
    "WarmUp, then Cosine": schedules.WarmUp(schedules.Cosine(1.0), epochs=2),
}
figure, axes = plt.subplots(len(kinds), figsize=(6, 9), sharex=True, layout="constrained")
for ax, (name, schedule) in zip(axes, kinds.items()):
    ax.plot(np.arange(steps * epochs) / steps, schedule.values(0, steps * epochs, steps, epochs), "k")
    ax.set_ylabel(name, rotation=0, ha="right")
axes[-1].set_xlabel("epoch")
