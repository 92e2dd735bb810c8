"""Networks, models, estimators and trainings in files: `save`, `load`, `Checkpoint`.

``files`` writes whole files or nothing, ``safetensors`` writes and reads the layout, ``values`` and ``description`` turn
settings and networks into JSON and back, ``models`` and ``estimators`` what is around them; ``snapshot`` is the state of a
training, ``checkpoints`` are callbacks that write it. Nothing in a file is unpickled, evaluated or imported.
"""

from typing import Protocol

from cmlp._typing import Array, Labels, Matrix, Path
from cmlp.model import Model
from cmlp.network import Network
from cmlp.persistence import checkpoints, description, estimators, models, safetensors
from cmlp.persistence.checkpoints import Checkpoint, ModelCheckpoint
from cmlp.persistence.safetensors import DamagedFileError

__all__ = ["Checkpoint", "DamagedFileError", "ModelCheckpoint", "load", "load_model", "save"]


class Estimator(Protocol):
    """`MLPClassifier`, `MLPRegressor` or a subclass of theirs."""

    saved_as: str
    network_: Network

    def predict(self, X: Matrix) -> Array: ...

    def score(self, X: Matrix, y: Labels) -> float: ...

    def to_model(self) -> Model: ...


def save(model: Network | Model | Estimator, path: Path) -> None:
    """Save a network, a fitted estimator or a model in the safetensors layout, which any reader of safetensors opens.

    Parameters
    ----------
    model : cmlp.Network, MLPClassifier, MLPRegressor or cmlp.Model
        Weights, their moving average, running statistics, history and settings are saved, with an estimator its parameters and
        its preprocessing. The optimizer state is not: see `cmlp.callbacks.Checkpoint`.
    path : str or Path
        Written whole or not at all.

    Raises
    ------
    ValueError
        If a file cannot hold it: its loss is a Python function, its classes are neither strings nor numbers, an estimator has
        callbacks (``set_params(callbacks=None)``), a function or a generator among its parameters.
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
    elif hasattr(model, "saved_as"):
        estimators.save(model, path)
    else:
        raise TypeError(f"model must be a cmlp.Network, a fitted estimator of cmlp or a cmlp.Model, got {type(model).__name__}")


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
        raise ValueError(f"the names of columns and classes take {n_bytes:,} bytes, too many for a file")


def load(path: Path) -> Network | Model | Estimator:
    """Load what `save` has written, or the network of a checkpoint: bitwise identical, to predict or to be trained further.

    Its optimizer starts afresh. Where initial weights were given as arrays, `Network.reset` draws them instead.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    model : cmlp.Network, MLPClassifier, MLPRegressor or cmlp.Model

    Raises
    ------
    DamagedFileError
        If the file is invalid or damaged; the message says what is wrong, and where.
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


def load_model(path: Path) -> Model:
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


def kind_of(path: Path) -> str:
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
        raise DamagedFileError(f"{archive.path}: unsupported kind {kind!r}")
    return kind
