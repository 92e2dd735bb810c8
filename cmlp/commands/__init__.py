"""What the commands of the command line do: ``training`` makes models, ``applying`` uses those that were saved."""

from cmlp.commands.applying import evaluate, export, info, predict
from cmlp.commands.data import TEST_FRACTION, UsageError
from cmlp.commands.training import demo, train

__all__ = ["TEST_FRACTION", "UsageError", "demo", "evaluate", "export", "info", "predict", "train"]
