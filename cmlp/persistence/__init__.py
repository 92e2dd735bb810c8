"""Networks, models, estimators and trainings in files: `save`, `load`, `Checkpoint`.

``safetensors`` writes and reads the layout, ``values`` and ``description`` turn settings and networks into JSON and back,
``models`` and ``estimators`` what stands around them; ``checkpoints`` are callbacks that write trainings. Nothing in a file is
unpickled, evaluated or imported.
"""

from typing import Any

from cmlp.model import Model
from cmlp.network import Network
from cmlp.persistence import checkpoints, description, estimators, models, safetensors
from cmlp.persistence.checkpoints import Checkpoint, ModelCheckpoint
from cmlp.persistence.safetensors import DamagedFileError

__all__ = ["Checkpoint", "DamagedFileError", "ModelCheckpoint", "load", "load_model", "save"]


def save(model: Any, path) -> None:
    """Save a network, a fitted estimator or a model in the safetensors layout, which any reader of safetensors opens.

    Parameters
    ----------
    model : cmlp.Network, MLPClassifier, MLPRegressor or cmlp.Model
        Parameters, running means, history and settings are kept, with an estimator's its parameters and what its
        transformers have learned. The optimizer's memory is not: see `cmlp.callbacks.Checkpoint`.
    path : str or Path
        Written whole or not at all.

    Raises
    ------
    ValueError
        If it cannot be described in a file: its loss is a Python function, its classes are no text or numbers, an estimator
        has callbacks (``set_params(callbacks=None)``), a function or a generator among its parameters.
    TypeError
        If it is something else.
    OSError

    Examples
    --------
    >>> import pathlib, tempfile, cmlp
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 32, 10], norm="batch", input_scale=1 / 16)
    >>> _ = net.fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cmlp.save(net, pathlib.Path(folder, "digits.safetensors"))
    ...     again = cmlp.load(pathlib.Path(folder, "digits.safetensors"))
    >>> (again.predict(X) == net.predict(X)).all()
    np.True_
    """
    if isinstance(model, Network):
        description.save(model, path)
    elif isinstance(model, Model):
        models.save(model, path)
    elif type(model).__name__ in ("MLPClassifier", "MLPRegressor") and hasattr(model, "to_model"):
        estimators.save(model, path)
    else:
        raise TypeError(f"a cmlp.Network, a fitted estimator of cmlp or a cmlp.Model can be saved; got {type(model).__name__}")


def check(model: Network | Model) -> None:
    """Raise if `save` would refuse it, before a long training.

    Raises
    ------
    ValueError
    """
    sections = {"network": description.describe(model if isinstance(model, Network) else model.network)}
    if isinstance(model, Model):
        sections["model"] = models.describe_model(model)
    n_bytes = sum(map(len, description.as_metadata("model", **sections).values()))
    if n_bytes > safetensors.MOST_HEADER // 2:  # text in text is quoted twice, and there are the tensors' names
        raise ValueError(f"the names of columns and classes take {n_bytes:,} bytes: too many for a file")


def load(path) -> Any:
    """What `save` has put into a file, or the network of a checkpoint: the same bits, to predict and to be trained on.

    Its optimizer begins anew. Where initial weights were given as arrays, `Network.reset` draws them instead.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    model : cmlp.Network, MLPClassifier, MLPRegressor or cmlp.Model

    Raises
    ------
    DamagedFileError
        If the file is not what cmlp has written; the message says what is wrong, and where.
    ImportError
        If it holds an estimator and scikit-learn is not installed; `load_model` does without.
    OSError
    """
    with safetensors.opened(path) as archive:
        kind = known_kind(archive)
        if kind == "estimator":
            return estimators.rebuild(archive)
        if kind == "model" or "model" in archive.metadata:
            return models.rebuild(archive, checkpoints.room_for(archive))
        return description.rebuild(archive, checkpoints.room_for(archive))


def load_model(path) -> Model:
    """As `load`, but always a `cmlp.Model`, for which scikit-learn is not needed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    model : cmlp.Model

    Raises
    ------
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        if known_kind(archive) == "estimator":
            return estimators.predicting(estimators.rebuild_model(archive)[0])
    return Model.of(load(path))


def kind_of(path) -> str:
    """What a file holds: "network", "model", "estimator" or "checkpoint".

    Raises
    ------
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        return known_kind(archive)


def known_kind(archive: safetensors.Archive) -> str:
    kind = archive.metadata.get("kind")
    if kind not in ("network", "model", "estimator", "checkpoint"):
        raise DamagedFileError(f"{archive.path}: it holds {kind!r}, which this cmlp does not know")
    return kind
