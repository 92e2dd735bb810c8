"""The names of the activations, norms, losses and optimizers that are compiled in, read from the core.

``activations``, ``norms``, ``losses`` and ``optimizers`` map each name to what was registered with it: its row in the core's
tables and the traits that kernels have (see the Info classes of ``src_pyx/cmlp/_registry.pyx``). All other traits are on the
classes of `cmlp.activations`, `cmlp.norms`, `cmlp.losses` and `cmlp.optimizers`.
"""

from cmlp._core import activations, losses, norms, optimizers, outputs_per_target

__all__ = ["activations", "losses", "norms", "optimizers", "outputs_per_target"]
