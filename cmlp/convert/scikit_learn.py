"""Import of MLPs from scikit-learn."""

from typing import Any

import numpy as np

from cmlp.convert.arrays import from_arrays
from cmlp.network import Network

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
LOSSES = {"softmax": "cross_entropy", "logistic": "log_loss", "identity": "squared_error", "exp": "poisson"}


def from_sklearn(mlp: Any, **settings: Any) -> Network:
    """Import a fitted ``MLPClassifier`` or ``MLPRegressor`` of scikit-learn, for prediction and further training.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        The optimizer state is not imported.
    **settings
        More arguments of `cmlp.Network`; the default dtype is that of the weights.

    Returns
    -------
    network : Network
        With the same predictions and labels; `Network.predict_proba` equals the classifier's predict_proba.

    Raises
    ------
    ValueError
        If mlp is not fitted, or its output function or activation is not supported.

    Examples
    --------
    >>> import warnings, cmlp
    >>> from sklearn.neural_network import MLPClassifier
    >>> warnings.simplefilter("ignore")                                       # two epochs do not converge
    >>> X, y = cmlp.datasets.load_digits()
    >>> mlp = MLPClassifier((16,), max_iter=2, random_state=0).fit(X, y)
    >>> net = cmlp.convert.from_sklearn(mlp)
    >>> (net.predict(X) == mlp.predict(X)).all()
    np.True_
    """
    if hasattr(mlp, "network_"):
        raise ValueError(
            f"mlp must be an estimator of scikit-learn, got the {type(mlp).__name__} of cmlp: use its network_ or to_model()"
        )
    for name in ("coefs_", "intercepts_", "out_activation_"):
        if not hasattr(mlp, name):
            raise ValueError(f"mlp must be a fitted MLPClassifier or MLPRegressor, got a {type(mlp).__name__} without {name}")
    if mlp.out_activation_ not in LOSSES:
        raise ValueError(f"out_activation_ must be one of {', '.join(LOSSES)}, got {mlp.out_activation_!r}")
    if not isinstance(mlp.activation, str) or mlp.activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {mlp.activation!r}")
    classes = getattr(mlp, "classes_", None)
    multilabel = classes is not None and mlp.out_activation_ == "logistic" and np.shape(mlp.intercepts_[-1])[0] > 1
    if classes is not None and not multilabel:
        settings.setdefault("classes", classes)
    return from_arrays(mlp.coefs_, mlp.intercepts_, ACTIVATIONS[mlp.activation], LOSSES[mlp.out_activation_], **settings)
