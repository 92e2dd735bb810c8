"""The same computations as the compiled core, in plain NumPy, one line per equation.

File for file the twin of ``src_pyx/cmlp``: read the equation here, the loop there. Nothing in the package imports it; the
tests hold the core to it, and the walkthrough tells it.

=================  ===========================================================================
``blas``           the three products
``activations``    A = f(Z), and dZ from dA
``losses``         the loss of a sample, and its gradient
``optimizers``     the change of the parameters, from the gradient
``norms``          normalised values, and the gradient through them
``random``         the order of the samples in an epoch, dropout masks, noise
``propagation``    forward propagation and the delta recursion
``parameters``     dW and db
``step``           a step, and `fit`: whole trainings
=================  ===========================================================================

Vocabulary: X (n_samples, n_features) and Y (n_samples, n_outputs); layer l has W (fan_in, fan_out), b (fan_out,),
Z = A_prev . W + b and A = f(Z); a name that begins with d is the gradient of the mean loss by what follows, so dZ is the
textbooks' delta. Layers are given as a list of `cmlp.layers.Layer`, for instance ``net.layers``.
"""

from cmlp.reference.activations import activation_backward, activation_forward
from cmlp.reference.losses import LINKS, loss_gradient, one_hot
from cmlp.reference.optimizers import optimizer_change
from cmlp.reference.parameters import accumulate
from cmlp.reference.products import gemm_nn, gemm_nt, gemm_tn
from cmlp.reference.propagation import Deltas, Values, backward, disturb, forward
from cmlp.reference.random import Draw, dropout_mask, noise, permutation
from cmlp.reference.step import cost, fit, gradient

__all__ = [
    "LINKS",
    "Deltas",
    "Draw",
    "Values",
    "accumulate",
    "activation_backward",
    "activation_forward",
    "backward",
    "cost",
    "disturb",
    "dropout_mask",
    "fit",
    "forward",
    "gemm_nn",
    "gemm_nt",
    "gemm_tn",
    "gradient",
    "loss_gradient",
    "noise",
    "one_hot",
    "optimizer_change",
    "permutation",
]
