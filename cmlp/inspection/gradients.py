"""Gradient checking: the analytic gradient against differences of the cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import validation

# Steps of the differences, and the relative error that each allows: a long step may reach over a kink, rounding spoils
# short ones.
STEPS = ((1e-4, 1e-6), (1e-5, 1e-5), (1e-6, 1e-4))
SMALL = 1e-3  # errors are relative to the gradient, or to this part of the largest of its block where it is smaller
FLOOR = 1e-6  # or to this part of the cost


@dataclass(frozen=True)
class BlockCheck:
    """One block of parameters, W0 or b0 or ..., at the place where analytic and numeric gradient differ most.

    Attributes
    ----------
    name : str
    place : tuple of int
        Row and column in the block.
    analytic, numeric : float
    error : float
        Their relative difference, as a multiple of what is allowed.
    n_checked, n_params : int
        Coordinates that were compared, of all.
    n_kinks : int
        Coordinates left out, because the cost has a kink there: the differences to the left and to the right disagree, and the
        analytic gradient is one of them or lies between.
    ok : bool
    """

    name: str
    place: tuple[int, int]
    analytic: float
    numeric: float
    error: float
    n_checked: int
    n_params: int
    n_kinks: int
    ok: bool


@dataclass(frozen=True)
class GradientCheck:
    """All blocks; print it for a table."""

    blocks: list[BlockCheck]

    @property
    def ok(self) -> bool:
        return all(block.ok for block in self.blocks)

    @property
    def worst(self) -> BlockCheck:
        return max(self.blocks, key=lambda block: block.error)

    def __str__(self) -> str:
        lines = [f"{'block':8}{'checked':>14}{'kinks':>7}{'worst at':>14}{'analytic':>14}{'numeric':>14}{'error':>10}"]
        for b in self.blocks:
            place = f"[{b.place[0]}, {b.place[1]}]"
            checked = f"{b.n_checked}/{b.n_params}"
            lines.append(
                f"{b.name:8}{checked:>14}{b.n_kinks:7}{place:>14}{b.analytic:14.6g}{b.numeric:14.6g}{b.error:10.2g}"
                + ("" if b.ok else "  WRONG")
            )
        return "\n".join([*lines, "all gradients are right" if self.ok else f"the gradient of {self.worst.name} is wrong"])

    __repr__ = __str__


def check_gradients(
    net, X: Any, y: Any, sample_weight: Any = None, *, training: bool = True, most: int = 50, seed: int = 0
) -> GradientCheck:
    """Compare the gradient with central differences of the cost, in float64 whatever the network's dtype.

    Parameters
    ----------
    net : cmlp.Network
        It is not changed: a copy in float64 is checked.
    X, y, sample_weight : as in `cmlp.Network.fit`
        Some ten samples are enough; more take longer and have more kinks.
    training : bool, default True
        As the next update would see them: with its dropout masks and noise, and normalised by their own means and variances.
    most : int, default 50
        Coordinates of each block that are compared, drawn at random where it has more.
    seed : int, default 0
        For that.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> from cmlp import inspection
    >>> rng = np.random.default_rng(0)
    >>> net = cmlp.Network([3, 4, 2], "tanh")
    >>> inspection.check_gradients(net, rng.normal(size=(8, 3)), [0, 1] * 4).ok
    True
    """
    rng = validation.check_seed(seed)
    twin = net.astype("float64")
    theta = twin.theta.copy()
    _, dtheta = twin.gradient(X, y, sample_weight, training=training)

    def cost(place: int, step: float) -> float:
        twin.theta[place] = theta[place] + step
        value = twin.cost(X, y, sample_weight, training=training)
        twin.theta[place] = theta[place]
        return value

    blocks = []
    for block in twin.tables[1]:
        n = int(block["rows"] * block["cols"])
        chosen = np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
        largest = np.abs(dtheta[block["offset"] : block["offset"] + n]).max()
        blocks.append(_check_block(block, chosen, dtheta, cost, max(SMALL * largest, FLOOR * abs(cost(0, 0.0)))))
    return GradientCheck(blocks)


def _check_block(block, chosen, dtheta, cost, least: float) -> BlockCheck:
    checks = [(*_check_place(int(block["offset"] + k), dtheta, cost, least), int(k)) for k in chosen]
    certain = [check for check in checks if not check[3]] or [(0.0, 0.0, 0.0, True, int(chosen[0]))]
    error, analytic, numeric, _, k = max(certain)
    rows, cols = int(block["rows"]), int(block["cols"])
    n_kinks = sum(check[3] for check in checks)
    return BlockCheck(
        str(block["name"]), (k // cols, k % cols), analytic, numeric, error, len(checks), rows * cols, n_kinks, error <= 1
    )


def _check_place(place: int, dtheta, cost, least: float) -> tuple[float, float, float, bool]:
    """(error as a multiple of what is allowed, analytic, numeric, whether a kink lies right here)."""
    analytic, best = float(dtheta[place]), (np.inf, 0.0)
    for h, allowed in STEPS:
        up, down = cost(place, h), cost(place, -h)
        numeric = (8 * (up - down) - (cost(place, 2 * h) - cost(place, -2 * h))) / (12 * h)
        size = max(abs(analytic), abs(numeric), least, np.finfo(float).tiny)
        best = min(best, (abs(analytic - numeric) / size / allowed, numeric))
        if best[0] <= 1:
            return *best[:1], analytic, best[1], False
    here = cost(place, 0.0)
    right, left = (up - here) / h, (here - down) / h
    kink = abs(right - left) > 1e-3 * size and min(left, right) - 1e-3 * size <= analytic <= max(left, right) + 1e-3 * size
    return best[0], analytic, best[1], bool(kink)
