"""The names of the activations, norms, losses and optimizers that are compiled in, read from the core; never typed a second
time.

``activations``, ``norms``, ``losses`` and ``optimizers`` map each name to what was registered with it: its row in the core's
tables and its traits (see the Info classes of ``src_pyx/cmlp/_registry.pyx``).
"""

from cmlp._core import activations, losses, norms, optimizers, outputs_per_target

__all__ = ["activations", "losses", "norms", "optimizers", "outputs_per_target"]
