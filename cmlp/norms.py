"""Normalizations of a layer: frozen sets of hyperparameters. The arithmetic is compiled (``src_pyx/cmlp/_norms.pyx``), its
equations are in `cmlp.reference.norms`.

A layer with one computes ``A = f(scale hat + shift)``, where hat is its Z brought to mean 0 and variance 1, and scale and
shift, one number for each unit, are learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation
from cmlp.runtime import registry
from cmlp.validation import Checks, Hyperparameters


@dataclass(frozen=True, kw_only=True)
class Norm(Hyperparameters):
    """What all norms have.

    Parameters
    ----------
    eps : float, default 1e-5
        Added to the variance before its root is taken; above 0.

    Attributes
    ----------
    name : str
        By which a network takes it.
    replaces_bias : bool
        Whether a layer with it has no b.
    """

    name: ClassVar[str]
    replaces_bias: ClassVar[bool] = False
    checks: ClassVar[Checks] = {"eps": validation.check_positive}

    eps: float = 1e-5

    @property
    def row(self) -> int:
        """Its kernel in the core's table."""
        return registry.norms[self.name].row

    @property
    def running(self) -> float:
        """How fast running means and variances move; 0 where there are none."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Norm):
    """Batch normalization: each unit over the samples of the mini-batch (Ioffe and Szegedy, ICML 2015).

    Prediction takes running means and variances instead, so that the output for a sample does not depend on its neighbors.
    They move by ``running = running + momentum (batch's - running)`` at every update, with the variance's unbiased
    estimate. A batch, or the last one of an epoch, of a single sample is normalized by them too, and does not move them. A
    layer with it has no bias: the shift takes its place.

    Parameters
    ----------
    momentum : float in (0, 1], default 0.1
        As PyTorch counts it: the share of the newest batch.
    eps : float, default 1e-5

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 32, 10], norm=cmlp.BatchNorm(momentum=0.2), input_scale=1 / 16)
    >>> history = net.fit(X, y, epochs=20)
    >>> bool(net.score(X, y) > 0.9)
    True
    """

    name = "batch"
    replaces_bias = True
    checks: ClassVar[Checks] = {"momentum": validation.check_momentum_of_norm}

    momentum: float = 0.1

    @property
    def running(self) -> float:
        return float(self.momentum)


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Norm):
    """Layer normalization: each sample over the units of the layer (Ba, Kiros and Hinton, 2016), also in prediction.

    Parameters
    ----------
    eps : float, default 1e-5

    Examples
    --------
    >>> import cmlp
    >>> cmlp.Network([4, 8, 3], norm="layer").layers[0]
    <Layer 4 -> 8, relu, LayerNorm(eps=1e-05)>
    """

    name = "layer"


CLASSES = (BatchNorm, LayerNorm)
BY_NAME: dict[str, type[Norm]] = {kind.name: kind for kind in CLASSES}


def resolve(norm: str | Norm | Sequence[str | Norm | None] | None, n_hidden: int) -> list[Norm | None]:
    """One for each hidden layer, from one, its name, None, or a sequence of these.

    Raises
    ------
    TypeError, ValueError
    """
    given: list = list(norm) if isinstance(norm, (list, tuple)) else [norm] * n_hidden
    validation.check_one_each("norm", given, n_hidden, "hidden layer")
    return [None if item is None else resolve_one(item) for item in given]


def resolve_one(norm: str | Norm) -> Norm:
    """A norm itself, or the named one with its defaults."""
    if isinstance(norm, Norm) and type(norm) is not Norm:
        return norm
    validation.check_instance("norm", norm)
    return BY_NAME[validation.check_name("norm", norm, BY_NAME)]()
