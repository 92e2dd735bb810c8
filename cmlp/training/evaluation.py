"""What is computed after each epoch: loss, score and metrics on validation data, which may be several sets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.data import metrics, targets
from cmlp.data.samples import Meanings, make_samples
from cmlp.layers import Array

Metric = Callable[..., float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One set of samples, and how good a network is on it.

    Attributes
    ----------
    X, y : as they were given
    samples : Samples
    weight : ndarray or None
    variables : ndarray (n_variables,) or None
        The moving average that is evaluated instead of the network's own.
    """

    network: Any
    X: Any
    y: Any
    samples: Any
    weight: Array | None
    meaning: targets.Targets
    variables: Array | None
    n_threads: int | None

    def loss_and_score(self) -> tuple[float, float]:
        network, loss = self.network, self.network.loss_function
        outputs = network._outputs(self.samples, self.meaning.task != "regression", self.n_threads, self.variables)
        predicted = targets.central(targets.decode(outputs, self.meaning, loss), loss)
        score = metrics.score(np.asarray(self.y), predicted, self.meaning, self.weight)
        return network._mean_loss(self.samples, self.n_threads, self.variables), score

    def metric(self, name: str, function: Metric) -> float:
        """The value of a function of (network, X, y), and sample_weight where there is one.

        Raises
        ------
        TypeError
            If it returns no number.
        """
        network = self.network if self.variables is None else self.network.ema_network()
        weights = {} if self.weight is None else {"sample_weight": self.weight}
        value = function(network, self.X, self.y, **weights)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(f"metrics[{name!r}] must return a number, got {value!r}") from None


@dataclass(frozen=True, eq=False)
class Evaluations:
    """All sets, by name, and all metrics; the first set is "val"."""

    sets: dict[str, Evaluation]
    metrics: dict[str, Metric]

    def __call__(self) -> dict[str, float]:
        """Every value after an epoch: val_loss, val_score, val_auc, test_loss, ..."""
        values = {}
        for prefix, each in self.sets.items():
            values[f"{prefix}_loss"], values[f"{prefix}_score"] = each.loss_and_score()
            for name, function in self.metrics.items():
                values[f"{prefix}_{name}"] = each.metric(name, function)
        return values


def resolve(
    network: Any,
    validation_data: Any,
    given_metrics: Any,
    meaning: Meanings,
    variables: Array | None,
    n_threads: int | None,
) -> Evaluations | None:
    """None without any validation data.

    Raises
    ------
    TypeError, ValueError
    """
    sets = {}
    for name, (X, y, weight) in validation.check_validation_sets(validation_data).items():
        known, columns = meaning  # the classes of y hold for the validation data
        samples, _ = make_samples(network, X, y, weight, known=known, columns=columns)
        weight = validation.check_sample_weight(weight, samples.n_samples)
        sets[name] = Evaluation(network, X, y, samples, weight, known, variables, n_threads)
    functions = check_metrics(given_metrics)
    if functions and not sets:
        raise ValueError("metrics need validation_data, on which they are computed")
    return Evaluations(sets, functions) if sets else None


def check_metrics(given: Any) -> dict[str, Metric]:
    """Functions by name."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"metrics must be a dict of functions by name, got {given!r}")
    for name, function in given.items():
        validation.check_set_name("metrics", name, ("loss", "score"))
        if not callable(function):
            raise TypeError(f"metrics[{name!r}] must be a function of (network, X, y), got {function!r}")
    return dict(given)
