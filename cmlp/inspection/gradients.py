"""Gradient checking: backpropagation against finite differences of the cost."""

from dataclasses import dataclass

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix, Weights
from cmlp.inspection.subjects import Subject, samples_of

# Step sizes of the finite differences, and the relative error allowed for each: a large step may cross a kink, a small one
# loses digits to rounding.
STEPS = ((1e-4, 1e-6), (1e-5, 1e-5), (1e-6, 1e-4))
SMALL = 1e-3  # errors are relative to the derivative, or to this fraction of the largest of its block where it is smaller,
FLOOR = 1e-5  # or to this fraction of the cost: its rounding errors, divided by a small step, are up to 1e-11 of it


@dataclass(frozen=True)
class BlockCheck:
    """The check of one block of parameters (W0, b0, ...): the largest error.

    Attributes
    ----------
    name : str
    place : tuple of int
        Row and column of the largest error in the block.
    analytic, numeric : float
        The derivatives there, by backpropagation and by finite differences.
    error : float
        Their relative difference, as a multiple of the tolerance.
    n_checked, n_params : int
        Parameters that were checked, and parameters of the block.
    n_kinks : int
        Parameters skipped because the cost is not differentiable there: the left and the right derivative differ, and the
        analytic one is equal to one of them or between them.
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
    """What `check_gradients` returns. Print it for a table of the blocks."""

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
        return "\n".join([*lines, "all gradients are correct" if self.ok else f"the gradient of {self.worst.name} is wrong"])

    __repr__ = __str__


def check_gradients(
    net: Subject,
    X: Matrix,
    y: Labels,
    sample_weight: Weights | None = None,
    *,
    training: bool = True,
    most: int = 50,
    seed: int = 0,
) -> GradientCheck:
    """Compare the gradient of backpropagation with central finite differences of the cost.

    Parameters
    ----------
    net : cmlp.Network, fitted estimator or cmlp.Model
        It is not changed: a copy in float64 is checked, whatever the dtype. X and y are prepared as an estimator or a model
        does.
    X, y, sample_weight : as in `cmlp.Network.fit`
        About ten samples are enough; more take longer and cross more kinks.
    training : bool, default True
        Check the pass of the next update: with its dropout masks, noise and batch statistics.
    most : int, default 50
        Parameters of each block that are checked, a random subset where there are more.
    seed : int, default 0
        Seed of the random subset.

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
    network, X, y = samples_of(net, X, y)
    twin = network.astype("float64")
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
    """(error as a multiple of the tolerance, analytic, numeric, whether the cost has a kink here)."""
    analytic, best = float(dtheta[place]), (np.inf, 0.0)
    for h, allowed in STEPS:
        up, down = cost(place, h), cost(place, -h)
        numeric = (8 * (up - down) - (cost(place, 2 * h) - cost(place, -2 * h))) / (12 * h)
        size = max(abs(analytic), abs(numeric), least, np.finfo(float).tiny)
        best = min(best, (float(abs(analytic - numeric) / size / allowed), float(numeric)))
        if best[0] <= 1:
            return *best[:1], analytic, best[1], False
    here = cost(place, 0.0)
    right, left = (up - here) / h, (here - down) / h
    kink = abs(right - left) > 1e-3 * size and min(left, right) - 1e-3 * size <= analytic <= max(left, right) + 1e-3 * size
    return best[0], analytic, best[1], bool(kink)
