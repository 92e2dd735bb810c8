"""Estimators in files: their parameters, their network, and what their transformers have learned, as numbers and names."""

import dataclasses
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


def save(estimator, path) -> None:
    """
    Raises
    ------
    ValueError
        If a parameter is what no file can hold: callbacks, functions, generators.
    """
    model = estimator.to_model()
    name = type(estimator).__name__
    params = {key: described(value, f"{name}: {key}") for key, value in estimator.get_params(deep=False).items()}
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
    """
    Raises
    ------
    DamagedFileError
    ImportError
        Without scikit-learn.
    """
    from cmlp.estimators import MLPClassifier, MLPRegressor

    curves = archive.read([name for name in CURVES if name in archive.entries])
    model, given = rebuild_model(archive, curves)
    with description.refusing(archive.path):
        kind = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[given["class"]]
        estimator = kind(**{name: restored(value) for name, value in given["params"].items()})
        for number in NUMBERS:
            value = restored(given[number])
            allowed = (int,) if number in COUNTS else (int, float, type(None))
            if isinstance(value, bool) or not isinstance(value, allowed):
                raise ValueError(f"{number} is {value!r}, no number")
            setattr(estimator, number, value)
        estimator.loss_curve_ = _curve(curves, "curve.loss")
        estimator.validation_scores_ = _curve(curves, "curve.score") if given["scores"] else None
        estimator.restore(model, restored_labels(given["classes"]), given["multilabel"])
    return estimator


def rebuild_model(archive: Archive, curves: dict[str, Array] | None = None) -> tuple[Model, dict[str, Any]]:
    """An estimator as a model, for which scikit-learn is not needed, and its description.

    Raises
    ------
    DamagedFileError
    """
    rooms = models.room_for(archive)
    curves = archive.read([name for name in CURVES if name in archive.entries]) if curves is None else curves
    network = description.rebuild(archive, rooms | curves)
    with description.refusing(archive.path):
        given = archive.section("estimator")
        if given.keys() != KEYS:
            raise ValueError("an estimator is described by its class, parameters, columns, classes and numbers")
        columns = models.rebuild_columns(given["columns"], rooms)
        classes = None if given["multilabel"] else restored_labels(given["classes"])
        return models.around(network, columns, classes, rooms), given


def predicting(model: Model) -> Model:
    """What an estimator predicts with: the running mean, where there is one."""
    return model if model.network.mean is None else dataclasses.replace(model, network=model.network.averaged())


def _curve(curves: dict[str, Array], name: str) -> list[float]:
    if name in curves and curves[name].ndim != 1:
        raise ValueError(f"{name} is no curve")
    return curves[name].tolist() if name in curves else []
