"""What is registered: the names of the activations, norms, losses and optimizers that are compiled in, with their traits.

Each family has a table of function pointers (_activation_table and so on), which the rest of the core cimports. The kernel
modules (_activations, _norms, _losses, _optimizers) are built once for each instruction set; the best build that the processor
can run is imported by _instructions and fills the tables. Registering a name again replaces its row, so a test can load
another build.
"""

from cmlp._activation_table import ActivationInfo, activations
from cmlp._loss_table import LossInfo, losses, outputs_per_target
from cmlp._norm_table import NormInfo, norms
from cmlp._optimizer_table import OptimizerInfo, optimizers

__all__ = [
    "ActivationInfo", "LossInfo", "NormInfo", "OptimizerInfo", "activations", "losses", "norms", "optimizers",
    "outputs_per_target",
]
