"""What an update does besides the optimizer's step: L1 and L2 penalties, weight decay, max-norm constraints, gradient clipping,
learning rates of single blocks, the exponential moving average of the weights.

Kernels: ``src_pyx/cmlp/_regularization.pyx``; equations: `cmlp.reference.regularization`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import numpy as np

from cmlp import schedules, validation
from cmlp.layers import Array
from cmlp.schedules import Value
from cmlp.validation import Checks, Hyperparameters

COLUMNS = ("rate", "l1", "l2", "decay", "max_norm", "scheduled")  # of a table of blocks: the enum of _parameters.pxd


@dataclass(frozen=True)
class Regularization(Hyperparameters):
    """L1 and L2 penalties, decoupled weight decay, and a max-norm constraint.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        ``l1 |theta| + l2 theta^2 / 2`` is added to the loss, so ``l1 sign(theta) + l2 theta`` to its gradient.
    weight_decay : float, Schedule or callable, default 0.0
        ``learning_rate weight_decay theta`` is subtracted at each update (Loshchilov and Hutter, ICLR 2019).
    max_norm : float, optional
        The weights into a unit, a column of W or of P, are rescaled to this length after an update that made them longer
        (Srivastava et al., JMLR 2014, section 5.1).
    biases, norms, slopes : bool, default False
        Whether all but max_norm holds for biases, for scales and shifts of norms, for slopes of prelu too.
    layers : sequence of int, optional
        The layers for which it holds; all unless given.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 10], input_scale=1 / 16)
    >>> history = net.fit(X, y, regularization=cmlp.Regularization(l1=0.01))
    >>> float(abs(net.layers[0].W).mean()) < 0.1
    True
    """

    checks: ClassVar[Checks] = {
        "l1": validation.check_non_negative,
        "l2": validation.check_non_negative,
        "weight_decay": validation.check_non_negative,
        "max_norm": validation.optional(validation.check_positive),
    }

    l1: float = 0.0
    l2: float = 0.0
    weight_decay: Value = 0.0
    max_norm: float | None = None
    biases: bool = False
    norms: bool = False
    slopes: bool = False
    layers: Sequence[int] | None = None

    @classmethod
    def check(cls, name, value) -> None:
        if name == "weight_decay":
            schedules.refuse_plateau(f"{cls.__name__}: weight_decay", value)
        if name != "weight_decay" or not schedules.is_scheduled(value):
            super().check(name, value)


@dataclass(frozen=True, eq=False)
class UpdateRules:
    """All of it as the core takes it.

    Attributes
    ----------
    blocks : ndarray (n_blocks, 6) of float64
        Columns `COLUMNS`, a row for each of the network's table of parameters.
    clip_value, clip_norm : float
        inf where nothing is clipped.
    by_block : bool
    ema : ndarray (n_variables,) or None
        The moving average of theta, and of running means and variances.
    ema_share : float
        Of the newest theta in it.
    decay : float, Schedule or callable
        What is added to the decay of the blocks that the last column names.
    """

    blocks: Array
    clip_value: float = math.inf
    clip_norm: float = math.inf
    by_block: bool = False
    ema: Array | None = None
    ema_share: float = 0.0
    decay: Value = 0.0


def regularized(params: Array, regularization: Regularization) -> Array:
    """Whether each block is."""
    kinds = {"biases": ("b",), "norms": ("scale", "shift"), "slopes": ("slope",)}
    chosen = params["matrix"] == 1
    for name, prefixes in kinds.items():
        if getattr(regularization, name):
            chosen |= np.any([np.char.startswith(params["name"], prefix) for prefix in prefixes], axis=0)
    if regularization.layers is not None:
        n_layers = int(params["layer"].max()) + 1
        layers = validation.check_layers("Regularization: layers", regularization.layers, n_layers)
        chosen &= np.isin(params["layer"], layers)
    return chosen


def table(
    params: Array, regularization: Regularization | None, lr_multipliers: Mapping[str, float] | None, weight_decay: Value
) -> Array:
    """One row for each block of parameters; weight_decay is the optimizer's own, for weights."""
    blocks = np.zeros((len(params), len(COLUMNS)))
    blocks[:, 0] = 1
    are_weights = params["matrix"] == 1
    decays = [(are_weights, weight_decay)]
    if regularization is not None:
        chosen = regularized(params, regularization)
        blocks[chosen, 1:3] = regularization.l1, regularization.l2
        blocks[chosen & are_weights, 4] = regularization.max_norm or 0.0
        decays.append((chosen, regularization.weight_decay))
    for chosen, decay in decays:
        blocks[chosen, 5 if schedules.is_scheduled(decay) else 3] += 1 if schedules.is_scheduled(decay) else decay
    for pattern, multiplier in (validation.check_mapping("lr_multipliers", lr_multipliers) or {}).items():
        matching = [fnmatchcase(name, str(pattern)) for name in params["name"]]
        if not any(matching):
            raise ValueError(
                f"lr_multipliers: {pattern!r} matches no block of parameters; there are {', '.join(params['name'])}"
            )
        blocks[matching, 0] = validation.check_non_negative(f"lr_multipliers[{pattern!r}]", multiplier)
    return blocks


def resolve(
    params: Array,
    *,
    regularization: Regularization | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    clip_by_block: bool = False,
    lr_multipliers: Mapping[str, float] | None = None,
    weight_decay: Value = 0.0,
    ema: Array | None = None,
    ema_decay: float | None = None,
) -> UpdateRules | None:
    """None where nothing is asked for, so that the plain update stays plain.

    Parameters
    ----------
    params : structured ndarray (n_blocks,), dtype `cmlp.layers.PARAM`
    weight_decay : float, Schedule or callable
        The optimizer's own.
    ema : ndarray (n_variables,) or None
        Where the moving average is kept.
    """
    clips = check_clipping(clip_norm, clip_value, clip_by_block)
    decays = [weight_decay] if regularization is None else [weight_decay, regularization.weight_decay]
    scheduled = [decay for decay in decays if schedules.is_scheduled(decay)]
    if len(scheduled) > 1:
        raise ValueError("weight_decay of the optimizer and of Regularization must not both follow a schedule")
    blocks = table(params, regularization, lr_multipliers, weight_decay)
    plain = (blocks[:, 0] == 1).all() and not blocks[:, 1:].any()
    if plain and not clips and ema is None:
        return None
    decay = scheduled[0] if scheduled else 0.0
    return UpdateRules(blocks, **clips, ema=ema, ema_share=1 - (ema_decay or 0.0), decay=decay)


def check_clipping(clip_norm: float | None, clip_value: float | None, clip_by_block: bool) -> dict[str, Any]:
    """The fields of `UpdateRules` that clip gradients; empty without any."""
    validation.check_flag("clip_by_block", clip_by_block)
    if clip_norm is not None and clip_value is not None:
        raise ValueError(f"give one of clip_norm and clip_value, got clip_norm={clip_norm!r}, clip_value={clip_value!r}")
    if clip_by_block and clip_norm is None:
        raise ValueError("clip_by_block=True needs clip_norm; clip_value clips each number by itself anyway")
    if clip_norm is not None:
        return {"clip_norm": validation.check_positive("clip_norm", clip_norm), "by_block": bool(clip_by_block)}
    return {} if clip_value is None else {"clip_value": validation.check_positive("clip_value", clip_value)}
