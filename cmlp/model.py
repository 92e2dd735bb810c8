"""A network with what stands before and behind it: what is saved, exported and used on the command line."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import targets
from cmlp.columns import Columns
from cmlp.layers import Array
from cmlp.losses import Quantile
from cmlp.network import Network
from cmlp.samples import make_inputs
from cmlp.targets import Targets


@dataclass(frozen=True, eq=False)
class Model:
    """A network that takes the columns of a table as they are, and answers in the units of the target.

    It is what ``cmlp train --save`` writes and `cmlp.load` reads; of an estimator, `Model.of` makes one that needs no
    scikit-learn.

    Attributes
    ----------
    network : Network
    columns : Columns or None
        What happens to the inputs; None: nothing.
    classes : ndarray or None
        The labels that `predict` returns, in the order of the network's outputs.
    mean, scale : ndarray (n_targets,) or None
        The network learned ``(y - mean) / scale``.
    target : str
        Name of what is predicted.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> net = cmlp.Network([2, 1], loss="squared_error", init=cmlp.initializers.Constant(0.5))
    >>> columns = cmlp.columns.standardising(np.array([[0.0, 10.0], [2.0, 30.0]]), ["a", "b"])
    >>> cmlp.Model(net, columns, mean=np.array([100.0]), scale=np.array([10.0])).predict([[2.0, 30.0]])
    array([110.])
    """

    network: Network
    columns: Columns | None = None
    classes: Array | None = None
    mean: Array | None = None
    scale: Array | None = None
    target: str = "prediction"

    def __post_init__(self) -> None:
        net = self.network
        if self.columns is not None and self.columns.n_inputs != net.sizes[0]:
            raise ValueError(f"the columns become {self.columns.n_inputs} inputs, and the network has {net.sizes[0]}")
        if self.classes is not None and len(self.classes) != max(2, net.n_targets):
            raise ValueError(f"{len(self.classes)} classes for {net.n_targets} outputs")
        if (self.mean is None) != (self.scale is None):
            raise ValueError("mean and scale of the target go together")
        for name in ("mean", "scale"):
            if getattr(self, name) is not None and np.shape(getattr(self, name)) != (net.n_targets,):
                raise ValueError(f"{name} must be an array ({net.n_targets},); got the shape {np.shape(getattr(self, name))}")
        units = np.array([] if self.mean is None or self.scale is None else [self.mean, self.scale], dtype=np.float64)
        if not np.isfinite(units).all() or not units[1:].all():
            raise ValueError("mean and scale of the target must be finite, and the scale not 0")
        if not isinstance(self.target, str):
            raise ValueError(f"the name of the target must be text; got {self.target!r}")
        if self.classes is not None:
            object.__setattr__(self, "classes", np.asarray(self.classes))

    @classmethod
    def of(cls, given: Any) -> "Model":
        """A model of a network, or of a fitted estimator; of a running mean, give `Network.averaged`.

        Raises
        ------
        TypeError
            If it is neither.
        """
        if isinstance(given, Model):
            return given
        if isinstance(given, Network):
            return cls(given, classes=given.classes)
        if hasattr(given, "to_model"):
            return given.to_model()
        raise TypeError(f"a cmlp.Network, a fitted estimator of cmlp or a cmlp.Model is needed; got {type(given).__name__}")

    @property
    def meaning(self) -> Targets:
        """What the network's outputs mean, with the labels of this model."""
        net = self.network
        known = net.targets or targets.assumed(net.objective, net.sizes[-1])
        return Targets(known.task, known.classes if self.classes is None else self.classes)

    @property
    def n_inputs(self) -> int:
        """Columns that it takes."""
        return self.network.sizes[0] if self.columns is None else self.columns.n_columns

    @property
    def prepared(self) -> Columns | None:
        """The columns, where something happens to them."""
        return None if self.columns is None or self.columns.as_they_are else self.columns

    @property
    def has_probabilities(self) -> bool:
        return self.network.loss in ("log_loss", "cross_entropy") and self.meaning.task != "values"

    @property
    def units(self) -> tuple[Array, Array]:
        """(factor, summand) of each output, which bring it to the units of y."""
        net, n_outputs = self.network, self.network.sizes[-1]
        if self.scale is None or self.mean is None:
            return np.ones(n_outputs), np.zeros(n_outputs)
        each = net.objective.outputs_per_target
        factor, summand = np.repeat(self.scale, each), np.repeat(self.mean, each)
        if net.loss == "gaussian":
            factor[1::2], summand[1::2] = self.scale**2, 0
        return factor, summand

    def inputs(self, X: Any) -> Any:
        """X as the network takes it."""
        return X if self.columns is None else self.columns.transform(X)

    def outputs(self, X: Any, *, n_threads: int | None = None) -> Array:
        """`Network.forward` in the units of y."""
        outputs = self.network.forward(self.inputs(X), n_threads=n_threads)
        if self.scale is None:
            return outputs
        factor, summand = self.units
        return outputs * factor + summand

    def predict(self, X: Any, *, n_threads: int | None = None) -> Array:
        """Labels, or values; of several quantiles the one nearest to one half.

        Parameters
        ----------
        X : array_like (n_samples, n_columns) or data frame
            Of a frame, the columns are told by their names.
        n_threads : int, optional

        Returns
        -------
        y : ndarray (n_samples,) or (n_samples, n_targets)
        """
        if self.meaning.task == "values":
            predicted = targets.decode(self.outputs(X, n_threads=n_threads), self.meaning, self.network.objective)
            return targets.middle(predicted, self.network.objective)
        samples = make_inputs(self.network, self.inputs(X))
        return targets.decode(self.network.outputs(samples, True, n_threads), self.meaning, self.network.objective)

    def predict_proba(self, X: Any, *, n_threads: int | None = None) -> Array:
        """The probability of each class, or of each label.

        Returns
        -------
        probabilities : ndarray (n_samples, n_classes)

        Raises
        ------
        ValueError
            If the network's loss is none of probabilities.
        """
        if not self.has_probabilities:
            raise ValueError(f"a network with the loss {self.network.loss!r} gives no probabilities")
        return as_probabilities(self.outputs(X, n_threads=n_threads), self.meaning.task, self.network.loss)

    def output_names(self) -> list[str]:
        """Of the columns of `outputs`."""
        objective, n_targets = self.network.objective, self.network.n_targets
        names = [self.target] if n_targets == 1 else [f"{self.target}_{j}" for j in range(n_targets)]
        if isinstance(objective, Quantile):
            return [f"{name}_q{level:g}" for name in names for level in objective.each]
        if objective.name == "gaussian":
            return [part for name in names for part in (name, f"{name}_variance")]
        each = objective.outputs_per_target
        return names if each == 1 else [f"{name}_{k}" for name in names for k in range(each)]

    def __repr__(self) -> str:
        return f"<Model of {self.network!r}>"


def as_probabilities(outputs: Array, task: str, loss: str) -> Array:
    """A column for each class, from the outputs of log_loss or cross_entropy; rows of classes add up to 1."""
    if task == "labels":
        return outputs
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    return outputs / outputs.sum(axis=1, keepdims=True) if loss == "log_loss" else outputs
