"""The interface to the compiled core: the only subpackage that imports compiled modules.

==============  ==============================================================================
``compiled``    the parts of the core in use: engines, samples, aligned buffers, clocks
``kernels``     single kernels, for inspection and tests
``registry``    the compiled activations, norms, losses and optimizers, by name
``engines``     the workspaces of a network, kept for the next call
``threads``     the number of threads, and the limit of BLAS to one thread
``config``      `cmlp.show_config`
==============  ==============================================================================
"""
