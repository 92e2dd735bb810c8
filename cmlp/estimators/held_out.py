"""Samples that are held out of a fit: given or split off, and what scikit-learn's scorers say of them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from cmlp import validation
from cmlp.estimators.fitted import twin
from cmlp.estimators.inputs import Part
from cmlp.network import Network


def sets_of(validation_data: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> dict[str, tuple[Any, Any, Any]]:
    """(X, y, sample_weight or None) of each set that `fit` was given, the first as "val".

    Raises
    ------
    TypeError, ValueError
        If they are given twice, or one without another.
    """
    if X_val is None:
        for name, given in (("y_val", y_val), ("sample_weight_val", sample_weight_val)):
            if given is not None:
                raise ValueError(f"X_val must be given with {name}, got None")
        return validation.check_validation_sets(validation_data)
    if y_val is None:
        raise ValueError("y_val must be given with X_val, got None")
    if validation_data is not None:
        raise ValueError("validation_data must be None where X_val and y_val are given: they are the same in other words")
    return {"val": (X_val, y_val, sample_weight_val)}


def split(estimator: Any, part: Part) -> tuple[Part, Part]:
    """The training part, and the validation part."""
    rng = check_random_state(estimator.random_state)
    labels = estimator._stratify(part.y)
    several_of_each = labels is not None and np.unique(labels, return_counts=True)[1].min() > 1
    try:
        kept, rest = train_test_split(
            np.arange(len(part.y)),
            test_size=estimator.validation_fraction,
            random_state=rng,
            stratify=labels if several_of_each else None,
        )
    except ValueError as error:
        raise ValueError(f"validation_fraction={estimator.validation_fraction} leaves no two parts: {error}") from None
    if len(rest) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return part.rows(kept), part.rows(rest)


def as_function(scorer: Any) -> Any:
    """A scorer of scikit-learn, by name or as it is."""
    return get_scorer(scorer) if isinstance(scorer, str) else scorer


def as_functions(scorers: Any) -> Any:
    return {name: as_function(each) for name, each in scorers.items()} if isinstance(scorers, Mapping) else scorers


def _lacking(estimator: Any, y: Any) -> str:
    """The classes that held-out samples do not have, for a message."""
    known, found = getattr(estimator, "classes_", None), np.unique(y).tolist()
    missing = [] if known is None or np.ndim(y) > 1 else [label for label in known.tolist() if label not in found]
    return f"; of the classes {missing[:5]} no sample is held out: give validation_data that has some" if missing else ""


def metric(estimator: Any, scorer: Any, sets: list[tuple[Any, Any, Any]]) -> Callable[..., float]:
    """A metric of `Network.fit`: the scorer sees a twin of the estimator, whose inputs are already prepared.

    Parameters
    ----------
    sets : list of (X, y, y)
        X and y of each set as the network takes them, and y as the user gave it.
    """
    inside = twin(estimator)
    inside.__dict__["_inputs"] = lambda X: X

    def score(network: Network, X: Any, y: Any, **weights: Any) -> float:
        inside._predictor = network if network.ema is None else network.ema_network()
        given = next(given for *made, given in sets if made[0] is X and made[1] is y)
        try:
            return scorer(inside, X, given, **weights)
        except ValueError as error:
            raise ValueError(f"{error}{_lacking(estimator, given)}") from None

    return score
