"""The names of the activations, losses and optimizers that are compiled in, read from the core; never typed a second time.

``activations``, ``losses`` and ``optimizers`` map each name to what was registered with it: its row in the core's tables
and its traits (see the Info classes of ``src_pyx/cmlp/_registry.pyx``).
"""

from cmlp._core import activations, losses, optimizers, outputs_per_target

__all__ = ["activations", "losses", "optimizers", "outputs_per_target"]
