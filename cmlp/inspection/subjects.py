"""What is looked at: a network, or one behind its preprocessing, in a model or a fitted estimator."""

from typing import Any

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix
from cmlp.data import targets
from cmlp.layers import Array
from cmlp.model import HasModel, Model
from cmlp.network import Network

Subject = Network | Model | HasModel


def network_of(subject: Subject) -> Network:
    """The network itself.

    Raises
    ------
    TypeError
    """
    return subject if isinstance(subject, Network) else Model.of(subject).network


def inputs_of(subject: Subject, X: Matrix) -> tuple[Network, Any]:
    """The network, and X as it takes it: the columns of a model or an estimator are prepared."""
    if isinstance(subject, Network):
        return subject, X
    model = Model.of(subject)
    inputs = model.inputs(X)
    return model.network, inputs.toarray() if model.columns is not None and hasattr(inputs, "toarray") else inputs


def samples_of(subject: Subject, X: Matrix, y: Labels, most: int | None = None) -> tuple[Network, Any, Array]:
    """The network, and X and y as it takes them; most: of so many samples, the first ones."""
    network, inputs = inputs_of(subject, X)
    learned = validation.as_array(y, "y") if isinstance(subject, Network) else _learned(Model.of(subject), y)
    if most is None:
        return network, inputs, learned
    return network, first_rows(inputs, most), learned[:most]


def first_rows(X: Any, most: int) -> Array:
    """The first samples of a matrix, dense."""
    return X.tocsr()[:most].toarray() if hasattr(X, "tocsr") else np.asarray(X)[:most]


def _learned(model: Model, y: Labels) -> Array:
    """y in the units, or by the labels, that the network has learned."""
    given: Array = validation.as_array(y, "y")
    network, known = model.network, model.network._meaning().classes
    if model.scale is not None and model.mean is not None:
        columns = given[:, None] if given.ndim == 1 else given
        return (columns - model.mean) / model.scale
    if given.ndim != 1 or model.classes is None or known is None or known.tolist() == model.classes.tolist():
        return given
    codes, _ = targets.encode(given, len(given), network.loss_function, network.n_targets, model.meaning)
    return known[codes]
