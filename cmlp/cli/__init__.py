"""The command line interface.

=================  ======================================================================
``parser``         the commands, and what becomes of errors
``arguments``      the options of ``cmlp train``, and those that commands share
``sources``        what kind of file was given
``samples``        training and test samples
``data``           training data: ``tables`` of mixed columns, ``images`` and arrays
``notes``          what to know about the columns of a table
``tasks``          what the target means
``settings``       optimizer, schedule, callbacks
``training``       ``cmlp demo`` and ``cmlp train``
``resuming``       the options that a checkpoint needs again
``rows``           data for a saved model, block by block
``prediction``     ``cmlp predict``, ``evaluate``, ``export`` and ``info``
``reports``        the evaluation in words
``output``         lines for people, JSON for machines
=================  ======================================================================
"""

from cmlp.cli.parser import main

__all__ = ["main"]
