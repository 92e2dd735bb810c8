"""Networks in files: `save` and `load`.

``safetensors`` writes and reads the layout, ``description`` turns a network into JSON and back. Nothing in a file is unpickled,
evaluated or imported.
"""

from cmlp.layers import Array
from cmlp.persistence.description import describe, rebuild
from cmlp.persistence.safetensors import DamagedFileError, read, write

__all__ = ["DamagedFileError", "load", "save"]


def save(network, path) -> None:
    """Save a network in the safetensors layout, which any reader of safetensors opens.

    Parameters
    ----------
    network : cmlp.Network
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
    tensors: dict[str, Array] = {}
    for l, layer in enumerate(network.layers):
        tensors |= {f"{name}{l}": block for name, block in layer.parameters().items()}
        tensors |= {f"{name}{l}": getattr(layer, name) for name in ("mean", "variance") if layer.mean is not None}
    write(path, tensors, describe(network))


def load(path):
    """The network that `save` has put into a file: the same bits, ready to predict and to be trained on.

    Its optimizer begins anew.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    network : cmlp.Network

    Raises
    ------
    DamagedFileError
        If the file is not what `save` has written; the message says what is wrong, and where.
    OSError
    """
    tensors, metadata = read(path)
    return rebuild(tensors, metadata)
