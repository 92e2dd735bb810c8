"""Normalisations: frozen sets of hyper-parameters. The arithmetic is compiled (``src_pyx/cmlp/_norms.pyx``), its equations are
in `cmlp.reference.norms`.

A layer with one computes ``A = f(scale hat + shift)``, where hat is its Z made to have mean 0 and variance 1, and scale and
shift, one number for each unit, are learned.
"""

from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation


@dataclass(frozen=True, kw_only=True)
class Norm:
    """What all have.

    Parameters
    ----------
    eps : float, default 1e-5
        Added to the variance before its root is taken; above 0.
    """

    name: ClassVar[str]
    eps: float = 1e-5

    def __post_init__(self) -> None:
        validation.check_above_zero(f"{type(self).__name__}: eps", self.eps)


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Norm):
    """Each unit normalised over the samples of the batch (Ioffe and Szegedy, ICML 2015).

    Prediction takes running means and variances instead, so that the output for a sample does not depend on its neighbours.
    They move by ``running = running + momentum (batch's - running)`` at every update, with the variance's unbiased
    estimate. A batch, or the last one of an epoch, of a single sample is normalised by them too, and does not move them. A
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
    momentum: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        validation.check_above_zero("BatchNorm: momentum", self.momentum)
        if self.momentum > 1:
            raise ValueError(f"BatchNorm: momentum is the share of the newest batch, at most 1; got {self.momentum!r}")


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Norm):
    """Each sample normalised over the units of the layer (Ba, Kiros and Hinton, 2016): the same in training and prediction.

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


BY_NAME = {"batch": BatchNorm, "layer": LayerNorm}


def resolve(norm, n_hidden: int) -> list[Norm | None]:
    """One for each hidden layer, from one, its name, None, or a sequence of these."""
    given = list(norm) if isinstance(norm, (list, tuple)) else [norm] * n_hidden
    validation.check_one_each("norm", given, n_hidden, "hidden layer")
    resolved: list[Norm | None] = []
    for item in given:
        validation.check_no_class("norm", item)
        if item is not None and not (isinstance(item, Norm) and type(item) is not Norm):
            item = BY_NAME[validation.check_name("norm", item, BY_NAME)]()
        resolved.append(item)
    return resolved
