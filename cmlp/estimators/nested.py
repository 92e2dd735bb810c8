"""The parameters inside the dicts `network` and `training`, which searches reach by two underscores: ``network__residual``."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cmlp.network import Network

# What the estimators give `cmlp.Network` and `cmlp.Network.fit` themselves, and from where.
OWN = {
    "network": {"sizes": "hidden_layer_sizes", "seed": "random_state", "classes": "partial_fit(classes=)"}
    | {name: name for name in ("activation", "loss", "dropout", "norm", "dtype")},
    "training": {"epochs": "max_iter", "callbacks": "callbacks", "verbose": "verbose", "class_weight": "class_weight"}
    | {name: f"fit({name}=)" for name in ("X", "y", "sample_weight", "validation_data")},
}
TAKES: dict[str, Callable[..., Any]] = {"network": Network.__init__, "training": Network.fit}


def valid(name: str) -> list[str]:
    """The keys that a dict may have."""
    return sorted(set(inspect.signature(TAKES[name]).parameters) - OWN[name].keys() - {"self"})


def check_keys(name: str, keys: Any, kind: str) -> None:
    """Raise at a key that a dict of an estimator may not have.

    Raises
    ------
    ValueError
    """
    for key in keys:
        if key not in valid(name):
            remedy = f": use {OWN[name][key]}" if key in OWN[name] else ""
            raise ValueError(f"Invalid parameter {key!r} of {name} in {kind}{remedy}. Valid parameters are: {valid(name)}.")


def checked(estimator: Any, name: str) -> dict[str, Any]:
    """One of the two dicts, empty for None.

    Raises
    ------
    TypeError, ValueError
    """
    given = getattr(estimator, name)
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict of arguments by name, or None, got {given!r}")
    check_keys(name, given or {}, type(estimator).__name__)
    return dict(given or {})


def listed(estimator: Any) -> dict[str, Any]:
    """What is in the dicts, by the names that reach it."""
    found: dict[str, Any] = {}
    for name in TAKES:
        given = getattr(estimator, name)
        if isinstance(given, Mapping):
            found |= {f"{name}__{key}": value for key, value in given.items()}
    return found


def split(kind: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """(the parameters of the estimator itself, those inside each dict).

    Raises
    ------
    ValueError
        If a name is none of those that a dict may have.
    """
    own: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for param, value in params.items():
        name, delimiter, key = param.partition("__")
        if delimiter and name in TAKES:
            check_keys(name, [key], kind)
            inside.setdefault(name, {})[key] = value
        else:
            own[param] = value
    return own, inside
