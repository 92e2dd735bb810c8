"""The compiled core as the rest of cmlp sees it: the only room that imports compiled modules.

==============  ==============================================================================
``compiled``    what is used of the core: engines, samples, aligned buffers, clocks
``kernels``     single kernels, for inspection and tests
``registry``    the names of the activations, norms, losses and optimizers that are compiled in
``engines``     the work spaces of a network, kept for the next call
``threads``     how many threads to use, and BLAS kept to one inside them
``config``      `cmlp.show_config`
==============  ==============================================================================
"""
