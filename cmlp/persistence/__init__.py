"""Networks and trainings in files: `save`, `load`, `Checkpoint`.

``safetensors`` writes and reads the layout, ``values`` and ``description`` turn settings and networks into JSON and back,
``checkpoints`` are callbacks that write trainings. Nothing in a file is unpickled, evaluated or imported.
"""

from cmlp.network import Network
from cmlp.persistence import checkpoints, description, safetensors
from cmlp.persistence.checkpoints import Checkpoint, ModelCheckpoint
from cmlp.persistence.safetensors import DamagedFileError

__all__ = ["Checkpoint", "DamagedFileError", "ModelCheckpoint", "load", "save"]


def save(network: Network, path) -> None:
    """Save a network in the safetensors layout, which any reader of safetensors opens.

    Parameters
    ----------
    network : cmlp.Network
        Its parameters, running means and history are kept, its optimizer's memory is not: see `cmlp.callbacks.Checkpoint`.
    path : str or Path
        Written whole or not at all.

    Raises
    ------
    ValueError
        If the network cannot be described in a file: its loss is a Python function, or its classes are no text or numbers.
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
    description.save(network, path)


def load(path) -> Network:
    """The network that `save` has put into a file, or that of a checkpoint: the same bits, to predict and to be trained on.

    Its optimizer begins anew. Where its initial weights were given as arrays, `Network.reset` draws them instead.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    network : cmlp.Network

    Raises
    ------
    DamagedFileError
        If the file is not what cmlp has written; the message says what is wrong, and where.
    OSError
    """
    with safetensors.opened(path) as archive:
        return description.rebuild(archive, checkpoints.room_for(archive))
