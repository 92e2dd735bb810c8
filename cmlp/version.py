"""The version, and what it says about pickles."""

__version__ = "0.1.0"


def check_pickle(name: str, written_by: str | None) -> None:
    """Raise if a pickle was written by another major version, whose objects may differ.

    Raises
    ------
    ValueError
    """
    if written_by is None or written_by.split(".")[0] != __version__.split(".")[0]:
        raise ValueError(
            f"this pickle of a {name} was written by cmlp {written_by or 'of an unknown version'}, this is {__version__}: "
            "pickles hold for one major version; load it there, or train again"
        )
