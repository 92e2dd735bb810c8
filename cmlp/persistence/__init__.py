"""Saving and loading networks, models, estimators and trainings: `save`, `load`, `Checkpoint`.

``files`` writes files atomically, ``safetensors`` writes and reads the file format, ``values`` and ``description`` convert
settings and networks to JSON and back, ``models`` and ``estimators`` do so for preprocessing and estimators; ``snapshot`` is
the state of a training, ``checkpoints`` are callbacks that save it. Loading never unpickles, evaluates or imports what a file
contains.
"""

from typing import Protocol

from cmlp._typing import Array, Labels, Matrix, Path
from cmlp.model import HasSteps, Model
from cmlp.network import Network
from cmlp.persistence import checkpoints, description, estimators, models, safetensors
from cmlp.persistence.checkpoints import Checkpoint, ModelCheckpoint
from cmlp.persistence.safetensors import DamagedFileError

__all__ = ["Checkpoint", "DamagedFileError", "ModelCheckpoint", "load", "load_model", "save"]


class Estimator(Protocol):
    """`MLPClassifier`, `MLPRegressor` or a subclass of one."""

    saved_as: str
    network_: Network

    def predict(self, X: Matrix) -> Array: ...

    def score(self, X: Matrix, y: Labels) -> float: ...

    def to_model(self) -> Model: ...


def save(model: Network | Model | Estimator | HasSteps, path: Path) -> None:
    """Save a network, a fitted estimator or a model in the safetensors format, which other safetensors readers open too.

    Parameters
    ----------
    model : cmlp.Network, MLPClassifier, MLPRegressor or cmlp.Model
        Weights, their EMA, running statistics, history and settings are saved; of an estimator, also its parameters and
        preprocessing (parameters may be arrays of numbers or strings too; an Index of pandas is loaded as one). The optimizer
        state is not saved: see `cmlp.callbacks.Checkpoint`. A subclass of an estimator is loaded as the class of cmlp: what it
        adds, parameters too, is not saved.
    path : str or Path
        Written atomically: the whole file or nothing.

    Raises
    ------
    ValueError
        If a part cannot be saved: a loss that is a Python function, classes that are neither strings nor numbers, or, among the
        parameters of an estimator, callbacks (``set_params(callbacks=None)``), a function or a generator.
    TypeError
        If model is of another type.
    OSError
        If the file cannot be written.

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
    elif hasattr(model, "named_steps"):
        models.save(Model.of(model), path)
    else:
        kind = type(model).__name__
        raise TypeError(
            f"model must be a network, model or fitted estimator of cmlp, or a pipeline that ends in one, got {kind}"
        )


def check(model: Network | Model) -> None:
    """Raise what `save` would raise, before a long training.

    Raises
    ------
    ValueError
        If a part of the model cannot be saved.
    """
    sections = {"network": description.describe(model if isinstance(model, Network) else model.network)}
    if isinstance(model, Model):
        sections["model"] = models.describe_model(model)
    n_bytes = sum(map(len, description.as_metadata("model", **sections).values()))
    if n_bytes > safetensors.MOST_HEADER // 2:  # JSON within JSON is escaped twice, and the names of the tensors are added
        most = safetensors.MOST_HEADER // 2
        raise ValueError(f"the names of columns and classes must take at most {most:,} bytes to be saved, got {n_bytes:,}")


def load(path: Path) -> Network | Model | Estimator:
    """Load a file of `save`, or the network of a checkpoint: bitwise identical, for prediction or further training.

    The optimizer state is not restored. Where initial weights were given as arrays, `Network.reset` uses the default
    initializer instead.

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
        If the file holds an estimator and scikit-learn is not installed: use `load_model`.
    OSError
        If the file cannot be read.
    """
    with safetensors.opened(path) as archive:
        kind = known_kind(archive)
        if kind == "estimator":
            return estimators.rebuild(archive)
        if kind == "model" or "model" in archive.metadata:
            return models.rebuild(archive, checkpoints.buffers_for(archive))
        return description.rebuild(archive, checkpoints.buffers_for(archive))


def load_model(path: Path) -> Model:
    """Load any file of `save` as a `cmlp.Model`, without scikit-learn.

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
    """The kind of a file: "network", "model", "estimator" or "checkpoint".

    Raises
    ------
    DamagedFileError, OSError
    """
    with safetensors.opened(path) as archive:
        return known_kind(archive)


def known_kind(archive: safetensors.Archive) -> str:
    kind = archive.metadata.get("kind")
    if kind not in ("network", "model", "estimator", "checkpoint"):
        raise DamagedFileError(f"{archive.path}: kind must be 'network', 'model', 'estimator' or 'checkpoint', got {kind!r}")
    return kind
