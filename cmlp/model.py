"""A network with its preprocessing and the units of its target: what is saved, exported and used on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix, Weights
from cmlp.data import metrics, probabilities, targets
from cmlp.data.columns import Columns
from cmlp.data.samples import make_inputs
from cmlp.data.targets import Targets
from cmlp.layers import Array
from cmlp.network import Network

_pipelines: list[Callable[[Any], "Model"]] = []


def register_pipelines(model_of: Callable[[Any], "Model"]) -> None:
    """Register the function that makes a model of a pipeline of scikit-learn."""
    _pipelines[:] = [model_of]


class HasModel(Protocol):
    """A fitted estimator of cmlp."""

    def to_model(self) -> "Model": ...


class HasSteps(Protocol):
    """A fitted pipeline of scikit-learn."""

    steps: Any
    named_steps: Any


@dataclass(frozen=True, eq=False)
class Model:
    """A network that takes the columns of a table as they are, and answers in the units of the target.

    It is what ``cmlp train --save`` writes and `cmlp.load` reads; of an estimator, `Model.of` makes one that needs no
    scikit-learn.

    Attributes
    ----------
    network : Network
    columns : Columns or None
        Preprocessing of the inputs; None for none.
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
    >>> columns = cmlp.data.Columns.fit({"a": [0.0, 2.0], "b": [10.0, 30.0]}, scale="standard")
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
            raise ValueError(f"columns make {self.columns.n_inputs} inputs, the network has {net.sizes[0]}")
        if self.classes is not None:
            targets.check_number(np.asarray(self.classes), net.n_targets)
        if (self.mean is None) != (self.scale is None):
            raise ValueError("give mean and scale of the target, or neither")
        for name in ("mean", "scale"):
            if getattr(self, name) is not None and np.shape(getattr(self, name)) != (net.n_targets,):
                raise ValueError(f"{name} must be an array ({net.n_targets},), got the shape {np.shape(getattr(self, name))}")
        units = np.array([] if self.mean is None or self.scale is None else [self.mean, self.scale], dtype=np.float64)
        if not np.isfinite(units).all() or not units[1:].all():
            raise ValueError("mean and scale of the target must be finite, and the scale not 0")
        if not isinstance(self.target, str):
            raise ValueError(f"target must be a string, got {self.target!r}")
        if self.classes is not None:
            object.__setattr__(self, "classes", np.asarray(self.classes))

    @classmethod
    def of(cls, given: "Network | Model | HasModel | HasSteps") -> "Model":
        """A model of a network, a fitted estimator, or a fitted pipeline of scikit-learn that ends in one.

        For the EMA of the weights, give `Network.ema_network()`. Of a pipeline, scalers, imputers, one-hot and ordinal
        encoders, feature selections, and column transformers of these become `cmlp.data.Columns`.

        Raises
        ------
        TypeError
            If it is none of these.
        ValueError
            If a step of the pipeline cannot be expressed; the message names it.
        """
        if isinstance(given, Model):
            return given
        if isinstance(given, Network):
            return cls(given, classes=given.classes)
        if hasattr(given, "to_model"):
            return given.to_model()
        if hasattr(given, "steps") and hasattr(given, "named_steps"):
            return _pipelines[0](given)
        kind = type(given).__name__
        raise TypeError(
            f"model must be a network, model or fitted estimator of cmlp, or a pipeline that ends in one, got {kind}"
        )

    @property
    def meaning(self) -> Targets:
        """What the network's outputs mean, with the labels of this model."""
        net = self.network
        known = net._targets or targets.assumed(net.loss_function, net.sizes[-1])
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
        return self.network._architecture.gives_probabilities and self.meaning.task != "regression"

    @property
    def units(self) -> tuple[Array, Array]:
        """(factor, summand) of each output, which bring it to the units of y."""
        n_outputs = self.network.sizes[-1]
        if self.scale is None or self.mean is None:
            return np.ones(n_outputs), np.zeros(n_outputs)
        return self.network.loss_function.in_units(self.scale, self.mean)

    def inputs(self, X: Matrix) -> Any:
        """X as the network takes it."""
        return X if self.columns is None else self.columns.transform(X, self.network.dtype)

    def forward(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """`Network.forward` of the columns of a table, in the units of y."""
        outputs = self.network.forward(self.inputs(X), n_threads=n_threads)
        if self.scale is None:
            return outputs
        factor, summand = self.units
        return outputs * factor + summand

    def logits(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """`Network.logits` of the columns of a table."""
        return self.network.logits(self.inputs(X), n_threads=n_threads)

    def predict(self, X: Matrix, *, n_threads: int | None = None) -> Array:
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
        if self.meaning.task == "regression":
            predicted = targets.decode(self.forward(X, n_threads=n_threads), self.meaning, self.network.loss_function)
            return targets.central(predicted, self.network.loss_function)
        samples = make_inputs(self.network, self.inputs(X))
        return targets.decode(self.network._outputs(samples, True, n_threads), self.meaning, self.network.loss_function)

    def predict_proba(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """The probability of each class; with multilabel, of each label.

        Returns
        -------
        probabilities : ndarray (n_samples, n_classes)

        Raises
        ------
        ValueError
            If the network's loss is none of probabilities.
        """
        return probabilities.of(*self._logits_of_probabilities(X, n_threads))

    def predict_log_proba(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """The natural logarithms of `predict_proba`, exact where a probability rounds to 0 or 1: see `Network`.

        Returns
        -------
        logs : ndarray (n_samples, n_classes)

        Raises
        ------
        ValueError
            If the network's loss is none of probabilities.
        """
        return probabilities.logs(*self._logits_of_probabilities(X, n_threads))

    def _logits_of_probabilities(self, X: Matrix, n_threads: int | None) -> tuple[Array, Targets, str]:
        """What `probabilities` takes."""
        meaning, net = self.meaning, self.network
        probabilities.check(self.has_probabilities, meaning.task, net.loss_function)
        logits = self.logits(X, n_threads=n_threads)
        validation.check_outputs(logits)
        return logits, meaning, net.activations[-1]

    def score(self, X: Matrix, y: Labels, sample_weight: Weights | None = None, *, n_threads: int | None = None) -> float:
        """Accuracy for classification and multilabel, R2 for regression, as `Network.score`, in the units of y."""
        predicted = self.predict(X, n_threads=n_threads)
        given = validation.as_array(y, "y")
        validation.check_length(given, len(predicted), "y")
        if self.meaning.task == "regression":
            given = validation.check_values(given, "y")
        elif given.ndim == 1:
            validation.check_labels(given, "y")
        weight = validation.check_sample_weight(sample_weight, len(predicted))
        return metrics.score(given, predicted, self.meaning, weight)

    def output_names(self) -> list[str]:
        """Of the columns of `forward`."""
        net, classes = self.network, self.meaning.classes
        if classes is not None:
            shown = classes[-1:] if net.sizes[-1] == 1 else classes
            return [f"{self.target}_{label}" for label in shown.tolist()]
        names = [self.target] if net.n_targets == 1 else [f"{self.target}_{j}" for j in range(net.n_targets)]
        return [part for name in names for part in net.loss_function.output_names(name)]

    def __repr__(self) -> str:
        return f"<Model of {self.network!r}>"
