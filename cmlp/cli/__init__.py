"""The command line.

``parser`` has its commands and their arguments, ``training`` makes models, ``applying`` uses saved ones; ``data`` and ``rows``
read files, ``reports`` are what is printed.
"""

from cmlp.cli.parser import main

__all__ = ["main"]
