"""What an update does besides the optimizer's step: penalties and decay, clipping, rates of single blocks, a running mean.

Kernels: ``src_pyx/cmlp/_regular.pyx``; equations: `cmlp.reference.regular`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from cmlp import schedules, validation
from cmlp.layers import Array
from cmlp.schedules import Value

COLUMNS = ("rate", "l1", "l2", "decay", "max_norm", "scheduled")  # of a table of rules: the enum of _parameters.pxd


@dataclass(frozen=True)
class Penalty:
    """What holds parameters small.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        ``l1 |theta| + l2 theta^2 / 2`` is added to the loss, so ``l1 sign(theta) + l2 theta`` to its gradient.
    weight_decay : float, Schedule or callable, default 0.0
        ``learning_rate weight_decay theta`` is taken off at each update, past the optimizer (Loshchilov and Hutter, ICLR 2019).
    max_norm : float, optional
        The weights into a unit, a column of W or of P, are shortened to this length after an update that made them longer
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
    >>> history = net.fit(X, y, penalty=cmlp.Penalty(l1=0.01))
    >>> float(abs(net.layers[0].W).mean()) < 0.1
    True
    """

    l1: float = 0.0
    l2: float = 0.0
    weight_decay: Value = 0.0
    max_norm: float | None = None
    biases: bool = False
    norms: bool = False
    slopes: bool = False
    layers: Sequence[int] | None = None

    def __post_init__(self) -> None:
        for name in ("l1", "l2"):
            validation.check_number(f"Penalty: {name}", getattr(self, name), least=0)
        schedules.refuse_plateau("Penalty: weight_decay", self.weight_decay)
        if not schedules.is_scheduled(self.weight_decay):
            validation.check_number("Penalty: weight_decay", self.weight_decay, least=0)
        if self.max_norm is not None:
            validation.check_above_zero("Penalty: max_norm", self.max_norm)
        for name in ("biases", "norms", "slopes"):
            validation.check_flag(f"Penalty: {name}", getattr(self, name))


@dataclass(frozen=True)
class Clip:
    """What cuts a gradient off (Pascanu, Mikolov and Bengio, ICML 2013): one of the two.

    Parameters
    ----------
    norm : float, optional
        The gradient of all parameters is shortened to this length, where it is longer.
    value : float, optional
        Each of its numbers is cut off here.
    by_block : bool, default False
        Each W and b is shortened to `norm` by itself.

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Clip(norm=1.0)
    Clip(norm=1.0, value=None, by_block=False)
    """

    norm: float | None = None
    value: float | None = None
    by_block: bool = False

    def __post_init__(self) -> None:
        if (self.norm is None) == (self.value is None):
            raise ValueError(f"Clip takes one of norm and value; got norm={self.norm!r}, value={self.value!r}")
        for name in ("norm", "value"):
            if getattr(self, name) is not None:
                validation.check_above_zero(f"Clip: {name}", getattr(self, name))
        if validation.check_flag("Clip: by_block", self.by_block) and self.norm is None:
            raise ValueError("Clip: by_block=True needs a norm; a value cuts each number by itself anyway")


@dataclass(frozen=True, eq=False)
class Rules:
    """They as the core takes them.

    Attributes
    ----------
    blocks : ndarray (n_blocks, 6) of float64
        Columns `COLUMNS`, a row for each of the network's table of parameters.
    clip_value, clip_norm : float
        inf where nothing is cut off.
    by_block : bool
    average : ndarray (n_variables,) or None
        The running mean of theta, and of running means and variances.
    average_share : float
        Of the newest theta in it.
    decay : float, Schedule or callable
        What is added to the decay of the blocks that the last column names.
    """

    blocks: Array
    clip_value: float = math.inf
    clip_norm: float = math.inf
    by_block: bool = False
    average: Array | None = None
    average_share: float = 0.0
    decay: Value = 0.0


def held_by(params: Array, penalty: Penalty) -> Array:
    """Whether each block is held by a penalty."""
    kinds = {"biases": ("b",), "norms": ("scale", "shift"), "slopes": ("slope",)}
    held = params["matrix"] == 1
    for name, prefixes in kinds.items():
        if getattr(penalty, name):
            held |= np.any([np.char.startswith(params["name"], prefix) for prefix in prefixes], axis=0)
    if penalty.layers is not None:
        chosen = validation.check_layers("Penalty: layers", penalty.layers, int(params["layer"].max()) + 1)
        held &= np.isin(params["layer"], chosen)
    return held


def table(params: Array, penalty: Penalty | None, rates: Mapping[str, float] | None, weight_decay: Value) -> Array:
    """One row for each block of parameters; weight_decay is the optimizer's own, for weights."""
    blocks = np.zeros((len(params), len(COLUMNS)))
    blocks[:, 0] = 1
    are_weights = params["matrix"] == 1
    decays = [(are_weights, weight_decay)]
    if penalty is not None:
        held = held_by(params, penalty)
        blocks[held, 1:3] = penalty.l1, penalty.l2
        blocks[held & are_weights, 4] = penalty.max_norm or 0.0
        decays.append((held, penalty.weight_decay))
    for chosen, decay in decays:
        blocks[chosen, 5 if schedules.is_scheduled(decay) else 3] += 1 if schedules.is_scheduled(decay) else decay
    for pattern, rate in (validation.check_mapping("rates", rates) or {}).items():
        matching = [fnmatchcase(name, pattern) for name in params["name"]]
        if not any(matching):
            raise ValueError(f"rates: {pattern!r} fits no block of parameters; there are {', '.join(params['name'])}")
        blocks[matching, 0] = validation.check_number(f"rates: {pattern!r}", rate, least=0)
    return blocks


def resolve(
    params: Array,
    penalty: Penalty | None,
    clip: Clip | None,
    rates: Mapping[str, float] | None,
    weight_decay: Value,
    average: Array | None,
    average_decay: float | None,
) -> Rules | None:
    """None where nothing is asked for, so that the plain update stays plain."""
    decays = [weight_decay] if penalty is None else [weight_decay, penalty.weight_decay]
    scheduled = [decay for decay in decays if schedules.is_scheduled(decay)]
    if len(scheduled) > 1:
        raise ValueError("the optimizer's weight_decay and the penalty's both follow a schedule: give one of them as a number")
    blocks = table(params, penalty, rates, weight_decay)
    plain = (blocks[:, 0] == 1).all() and not blocks[:, 1:].any()
    if plain and clip is None and average is None:
        return None
    clip_value = math.inf if clip is None or clip.value is None else float(clip.value)
    clip_norm = math.inf if clip is None or clip.norm is None else float(clip.norm)
    by_block = clip is not None and clip.by_block
    decay = scheduled[0] if scheduled else 0.0
    return Rules(blocks, clip_value, clip_norm, by_block, average, 1 - (average_decay or 0.0), decay)
