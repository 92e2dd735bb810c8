"""
Poisson regression: bicycle counts
==================================

How many bicycles are rented in an hour? Counts are nonnegative and their variance grows with their mean: the Poisson loss.
The data are the hours of a year in Washington, if ``CMLP_DATA`` names a folder that contains them
(``open/bikeshare.csv.gz``); otherwise counts are generated from two curves.
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import cmlp

path = Path(os.environ.get("CMLP_DATA") or ".", "open", "bikeshare.csv.gz")
if path.exists():
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")
    hour, working, warm, counts = (table[name] for name in ("hr", "workingday", "temp", "bikers"))
else:
    rng = np.random.default_rng(0)
    hour, working, warm = rng.integers(0, 24, 8000), rng.integers(0, 2, 8000), rng.uniform(0, 1, 8000)
    rush = np.exp(-(((hour - 8) / 1.5) ** 2)) + np.exp(-(((hour - 17) / 2) ** 2))
    counts = rng.poisson((10 + 300 * np.where(working, rush, np.exp(-(((hour - 14) / 4) ** 2)))) * (0.4 + warm))


def inputs(hour, working, warm):
    turn = 2 * np.pi * hour / 24  # 23:00 is next to 0:00
    return np.column_stack([np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn), working, warm])


net = cmlp.Network([6, 64, 32, 1], loss="poisson")
X = inputs(hour, working, warm)
net.fit(X, counts, optimizer=cmlp.Adam(cmlp.schedules.OneCycle(0.01)), batch_size=128, epochs=40)

hours = np.arange(24)
for kind, (name, style, marker) in enumerate((("days off", "--", "s"), ("working days", "-", "o"))):
    rows = working == kind
    plt.plot(hours, [counts[rows & (hour == h)].mean() for h in hours], marker, markersize=4, label=f"{name}, observed")
    plt.plot(hours, [net.predict(X[rows & (hour == h)]).mean() for h in hours], style, color="k", label=f"{name}, predicted")
plt.xlabel("hour")
plt.ylabel("mean number of bicycles per hour")
plt.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
