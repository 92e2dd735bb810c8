"""The compiled activations, norms, losses and optimizers, by name, as registered in the core.

``activations``, ``norms``, ``losses`` and ``optimizers`` map each name to its row in the tables of the core and the properties
of its kernel (see the Info classes in ``src_pyx/cmlp/_*_table.pyx``). All other properties are on the classes of
`cmlp.activations`, `cmlp.norms`, `cmlp.losses` and `cmlp.optimizers`.
"""

from cmlp._core import activations, losses, norms, optimizers, outputs_per_target

__all__ = ["activations", "losses", "norms", "optimizers", "outputs_per_target"]
