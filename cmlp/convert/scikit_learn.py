"""Networks from scikit-learn's MLPs."""

from typing import Any

import numpy as np

from cmlp.convert.arrays import from_arrays
from cmlp.network import Network

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
LOSSES = {"softmax": "cross_entropy", "logistic": "log_loss", "identity": "squared_error", "exp": "poisson"}


def from_sklearn(mlp: Any, **settings: Any) -> Network:
    """A network of a fitted ``MLPClassifier`` or ``MLPRegressor`` of scikit-learn: it predicts the same, and goes on learning.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        Its optimizer state is not taken over.
    **settings
        More arguments of `cmlp.Network`; dtype is that of its weights unless given.

    Returns
    -------
    network : Network
        With the classifier's labels; `Network.forward` is the classifier's predict_proba (for two classes, that of the
        second).

    Raises
    ------
    ValueError
        If it is not fitted, or its output or activation is not supported.

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
        raise ValueError(f"this {type(mlp).__name__} is cmlp's own: its network is .network_, all of it .to_model()")
    for name in ("coefs_", "intercepts_", "out_activation_"):
        if not hasattr(mlp, name):
            raise ValueError(f"{type(mlp).__name__} has no {name}: a fitted MLPClassifier or MLPRegressor is needed")
    if mlp.out_activation_ not in LOSSES:
        raise ValueError(f"an MLP with the output {mlp.out_activation_!r} is not supported")
    if not isinstance(mlp.activation, str) or mlp.activation not in ACTIVATIONS:
        raise ValueError(f"an MLP with the activation {mlp.activation!r} is not supported")
    classes = getattr(mlp, "classes_", None)
    multilabel = classes is not None and mlp.out_activation_ == "logistic" and np.shape(mlp.intercepts_[-1])[0] > 1
    if classes is not None and not multilabel:
        settings.setdefault("classes", classes)
    return from_arrays(mlp.coefs_, mlp.intercepts_, ACTIVATIONS[mlp.activation], LOSSES[mlp.out_activation_], **settings)
