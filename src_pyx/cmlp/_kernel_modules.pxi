# The kernel modules: each is built once for every instruction set, and the best build that the processor can run is imported.
# setup.py executes this file, _instructions.pyx includes it.

# In this order: a loss may name an activation as its link.
KERNELS = (
    "_csr", "_gather", "_narrow", "_noise", "_rows", "_regularization",
    "_activations", "_activations_of_z", "_activations_of_rows",
    "_norms", "_losses", "_optimizers",
)

# Besides, for the instruction sets with fused multiply-adds; elsewhere BLAS multiplies.
PRODUCTS = ("_tiles", "_skip_zeros")
FUSED = ("v3", "v4")
