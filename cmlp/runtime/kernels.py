"""Single compiled kernels, for what looks at one of them."""

from cmlp._kernels import activation_backward, activation_forward, loss_gradient

__all__ = ["activation_backward", "activation_forward", "loss_gradient"]
