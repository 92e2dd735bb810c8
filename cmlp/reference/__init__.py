"""The computations of the compiled core in plain NumPy, one line per equation.

Each file is the twin of one in ``src_pyx/cmlp``: read the equation here, the loop there. The rest of the package does not
import it; the tests compare the core with it, and the walkthrough explains it.

=================  ===========================================================================
``products``       the three matrix products
``activations``    A = f(Z), and dZ from dA
``losses``         the loss of a sample, and its gradient
``optimizers``     the update of the parameters, from the gradient
``norms``          batch and layer normalization, and their gradients
``regular``        penalties, weight decay, gradient clipping, max-norm, EMA of the weights
``random``         the order of the samples in an epoch, dropout masks, noise
``propagation``    forward and backward propagation
``parameters``     the gradients of the parameters: dW, db, ...
``step``           the gradient of a mini-batch, and `fit`: a whole training
=================  ===========================================================================

Notation: X (n_samples, n_features) and Y (n_samples, n_outputs); layer l has W (fan_in, fan_out), b (fan_out,),
Z = A_prev . W + b and A = f(Z). A name that begins with d is the gradient of the mean loss with respect to the rest of the
name; dZ is the delta of the textbooks. Layers are a list of `cmlp.layers.Layer`, for instance ``net.layers``.
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
