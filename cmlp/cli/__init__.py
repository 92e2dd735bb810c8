"""The command line interface.

``parser`` defines the commands and their arguments, ``training`` trains models, ``prediction`` uses saved ones, ``data`` reads
training data, ``rows`` reads data for a saved model, ``reports`` formats the evaluation.
"""

from cmlp.cli.parser import main

__all__ = ["main"]
