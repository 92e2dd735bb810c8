"""Saving and loading estimators: parameters, network and preprocessing.

`cmlp.estimators` registers the classes, which need scikit-learn.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import description, models, safetensors
from cmlp.persistence.safetensors import Archive
from cmlp.persistence.values import described, described_labels, restored, restored_labels

CURVES = {"curve.loss": "loss_curve_", "curve.score": "validation_scores_"}
COUNTS = ("n_features_in_", "n_iter_", "t_")
NUMBERS = ("n_features_in_", "n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_")
KEYS = {"class", "params", "columns", "classes", "multilabel", "scores", *NUMBERS}


_classes: list[Callable[[], Mapping[str, type]]] = []


def register_estimators(classes: Callable[[], Mapping[str, type]]) -> None:
    """Register a function that returns the estimator classes by name; it is called when an estimator is saved or loaded."""
    _classes[:] = [classes]


def registered() -> Mapping[str, type]:
    """The estimator classes by name.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    return _classes[0]()


def save(estimator: Any, path: Any) -> None:
    """Save an estimator; what a subclass adds is not saved. Parameters that say what is fitted are those of the last fit.

    Raises
    ------
    ValueError
        If a parameter cannot be saved: callbacks, functions, generators.
    """
    model = estimator.to_model()
    name = estimator.saved_as
    base = registered()[name]
    kept = estimator._kept_params(base._get_param_names())  # type: ignore[attr-defined]
    params = {key: described(value, f"{name}: {key}") for key, value in kept.items()}
    given = {
        "class": name,
        "params": params,
        "columns": models.describe(model.columns),
        "classes": described_labels(getattr(estimator, "classes_", None), "classes"),
        "multilabel": getattr(estimator, "_multilabel", False),
        "scores": estimator.validation_scores_ is not None,
    }
    given |= {number: described(getattr(estimator, number), number) for number in NUMBERS}
    curves = {tensor: getattr(estimator, attribute) for tensor, attribute in CURVES.items()}
    tensors = description.tensors_of(estimator.network_) | models.tensors_of(model.columns, model.mean, model.scale)
    tensors |= {tensor: np.array(curve, np.float64) for tensor, curve in curves.items() if curve}
    sections = {"network": description.describe(estimator.network_), "estimator": given}
    safetensors.write(path, tensors, description.as_metadata("estimator", **sections))


def rebuild(archive: Archive):
    """The estimator of a file.

    Raises
    ------
    DamagedFileError
    ImportError
        If scikit-learn is not installed.
    """
    classes = registered()
    curves = archive.read([name for name in CURVES if name in archive.entries])
    model, given = rebuild_model(archive, curves)
    with description.refusing(archive.path):
        kind = classes[given["class"]]
        estimator = kind(**{name: restored(value) for name, value in given["params"].items()})
        for number in NUMBERS:
            value = restored(given[number])
            allowed = (int,) if number in COUNTS else (int, float, type(None))
            if isinstance(value, bool) or not isinstance(value, allowed):
                raise ValueError(f"{number} must be a number, got {value!r}")
            setattr(estimator, number, value)
        estimator.loss_curve_ = _curve(curves, "curve.loss")
        estimator.validation_scores_ = _curve(curves, "curve.score") if given["scores"] else None
        estimator._restore(model, restored_labels(given["classes"]), given["multilabel"])
        estimator._freeze()
    return estimator


def rebuild_model(archive: Archive, curves: dict[str, Array] | None = None) -> tuple[Model, dict[str, Any]]:
    """(model, description) of the estimator of a file, without scikit-learn.

    Raises
    ------
    DamagedFileError
    """
    buffers = models.buffers_for(archive)
    curves = archive.read([name for name in CURVES if name in archive.entries]) if curves is None else curves
    network = description.rebuild(archive, buffers | curves)
    with description.refusing(archive.path):
        given = archive.section("estimator")
        description.check_keys("an estimator (class, parameters, columns, classes, numbers)", given, KEYS)
        columns = models.rebuild_columns(given["columns"], buffers)
        classes = None if given["multilabel"] else restored_labels(given["classes"])
        return models.assemble(network, columns, classes, buffers), given


def predicting(model: Model) -> Model:
    """The model that an estimator predicts with: with the EMA of the weights, if there is one."""
    return model if model.network.ema is None else dataclasses.replace(model, network=model.network.ema_network())


def _curve(curves: dict[str, Array], name: str) -> list[float]:
    if name in curves and curves[name].ndim != 1:
        raise ValueError(f"{name} must be a vector, got shape {curves[name].shape}")
    return curves[name].tolist() if name in curves else []
