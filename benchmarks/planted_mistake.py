"""What a planted mistake is."""

from dataclasses import dataclass

CORE = "src_pyx/cmlp/"


@dataclass(frozen=True)
class Mistake:
    """A small edit of one file.

    Attributes
    ----------
    name : str
    file : str
        From the root of the checkout.
    old, new : str
        The text that occurs once in the file, and what stands there instead.
    what : str
        What is wrong then.
    tests : tuple of str
        The test files, without ``test_`` and ``.py``, that are likely to catch it, which are run first.
    """

    name: str
    file: str
    old: str
    new: str
    what: str
    tests: tuple[str, ...] = ()
