"""What an update does besides the optimizer's step: penalties and decay, clipping, rates of single blocks, a running mean.

Kernels: ``src_pyx/cmlp/_regular.pyx``; equations: `cmlp.reference.regular`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from cmlp import validation
from cmlp.layers import Array

COLUMNS = ("rate", "l1", "l2", "decay", "max_norm")  # of a table of rules: the enum of _parameters.pxd


@dataclass(frozen=True)
class Penalty:
    """What holds parameters small.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        ``l1 |theta| + l2 theta^2 / 2`` is added to the loss, so ``l1 sign(theta) + l2 theta`` to its gradient.
    weight_decay : float, default 0.0
        ``learning_rate weight_decay theta`` is taken off at each update, past the optimizer (Loshchilov and Hutter, ICLR 2019).
    max_norm : float, optional
        The weights into a unit, a column of W, are shortened to this length after an update that made them longer (Srivastava
        et al., JMLR 2014, section 5.1).
    biases : bool, default False
        Whether all but max_norm holds for biases too.
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
    weight_decay: float = 0.0
    max_norm: float | None = None
    biases: bool = False
    layers: Sequence[int] | None = None

    def __post_init__(self) -> None:
        for name in ("l1", "l2", "weight_decay"):
            validation.check_number(f"Penalty: {name}", getattr(self, name), least=0)
        if self.max_norm is not None:
            validation.check_above_zero("Penalty: max_norm", self.max_norm)
        validation.check_flag("Penalty: biases", self.biases)


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
    blocks : ndarray (n_blocks, 5) of float64
        Columns `COLUMNS`, a row for each of the network's table of parameters.
    clip_value, clip_norm : float
        inf where nothing is cut off.
    by_block : bool
    average : ndarray (n_params,) or None
        The running mean of theta.
    average_share : float
        Of the newest theta in it.
    """

    blocks: Array
    clip_value: float = math.inf
    clip_norm: float = math.inf
    by_block: bool = False
    average: Array | None = None
    average_share: float = 0.0


def table(params: Array, penalty: Penalty | None, rates: Mapping[str, float] | None, weight_decay: float) -> Array:
    """One row for each block of parameters; weight_decay is the optimizer's own, for weights."""
    blocks = np.zeros((len(params), len(COLUMNS)))
    blocks[:, 0] = 1
    are_weights = np.char.startswith(params["name"], "W")
    blocks[are_weights, 3] = weight_decay
    if penalty is not None:
        held = are_weights | penalty.biases
        if penalty.layers is not None:
            chosen = validation.check_layers("Penalty: layers", penalty.layers, int(params["layer"].max()) + 1)
            held &= np.isin(params["layer"], chosen)
        blocks[held, 1:4] += (penalty.l1, penalty.l2, penalty.weight_decay)
        blocks[held & are_weights, 4] = penalty.max_norm or 0.0
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
    weight_decay: float,
    average: Array | None,
    average_decay: float | None,
) -> Rules | None:
    """None where nothing is asked for, so that the plain update stays plain."""
    if penalty is None and clip is None and not rates and not weight_decay and average is None:
        return None
    blocks = table(params, penalty, rates, weight_decay)
    plain = (blocks[:, 0] == 1).all() and not blocks[:, 1:].any()
    if plain and clip is None and average is None:
        return None
    clip_value = math.inf if clip is None or clip.value is None else float(clip.value)
    clip_norm = math.inf if clip is None or clip.norm is None else float(clip.norm)
    by_block = clip is not None and clip.by_block
    return Rules(blocks, clip_value, clip_norm, by_block, average, 1 - (average_decay or 0.0))
