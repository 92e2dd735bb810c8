"""Single compiled kernels, for inspection and tests."""

from cmlp._kernels import activation_backward, activation_forward, loss_gradient

__all__ = ["activation_backward", "activation_forward", "loss_gradient"]
