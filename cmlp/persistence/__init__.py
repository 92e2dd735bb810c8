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
        if archive.metadata.get("kind") == "estimator":
            return estimators.rebuild(archive)
        if archive.metadata.get("kind") == "model":
            return models.rebuild(archive)
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
        if archive.metadata.get("kind") == "estimator":
            return estimators.predicting(estimators.rebuild_model(archive)[0])
    return Model.of(load(path))


def kind_of(path) -> str:
    """What a file holds: "network", "model", "estimator" or "checkpoint".

    Raises
    ------
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        return archive.metadata.get("kind", "nothing that is known")
