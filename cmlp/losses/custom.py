"""A loss that is a Python function."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cmlp import validation
from cmlp.layers import Array
from cmlp.losses.base import Domain, Loss, LossFunction, Task
from cmlp.validation import Checks


@dataclass(frozen=True)
class Custom(Loss):
    """A loss of your own: a Python function, called once for each batch, while the compiled threads wait.

    Parameters
    ----------
    function : callable
        ``function(Z, Y)`` with the logits Z (n, n_outputs) of the last layer and Y (n, n_targets), both to be read only and
        in the network's dtype. It returns (losses, dZ): the loss of each sample, (n,), and its gradient with respect to Z,
        of Z's shape. Or, where the samples of a batch depend on each other, a single number, their mean loss, and the
        gradient of that; then no weights of samples or classes can be given.
    task : {"regression", "classification"}, default "regression"
        With "classification" a vector y means classes even for one output; Y then holds 0 and 1.
    outputs_per_target : int, default 1
        How many outputs are compared with one column of Y; `predict` returns the first of each.

    Notes
    -----
    It gets whole batches, however large: with ``batch_size=None`` all samples at once.
    The output function of `Network(output=...)` is applied by `forward`, not in front of the loss. Check the gradient with
    `cmlp.inspection.check_gradients`.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> def cauchy(Z, Y):
    ...     E = Z - Y
    ...     return np.log1p(E**2).sum(axis=1), 2 * E / (1 + E**2)
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> net = cmlp.Network([1, 1], loss=cmlp.losses.Custom(cauchy), dtype="float64")
    >>> cmlp.inspection.check_gradients(net, X, 3 * X).ok
    True
    >>> _ = net.fit(X, 3 * X, optimizer=cmlp.Adam(0.05), batch_size=None, epochs=500)
    >>> round(float(net.layers[0].W[0, 0]), 3)
    3.0
    """

    name = "custom"
    checks: ClassVar[Checks] = {
        "function": validation.check_function,
        "task": lambda name, value: validation.check_name(name, value, ("regression", "classification")),
        "outputs_per_target": validation.check_positive_integer,
    }

    function: LossFunction
    task: str = "regression"
    outputs_per_target: int = 1
    values = ()
    link = None
    takes_logits = True
    off = 0.0

    @property
    def tasks(self) -> tuple[Task, ...]:  # type: ignore[override]
        return ("classification", "multilabel") if self.task == "classification" else ("regression", "classification")

    @property
    def domain(self) -> Domain:  # type: ignore[override]
        return Domain(0, 1) if self.task == "classification" else Domain()

    def gives_probabilities(self, output: Any) -> bool:
        return self.classifies and output.probability

    def predicted(self, outputs: Array) -> Array:
        return outputs[:, :: self.outputs_per_target]

    def evaluate(self, Z: Array, Y: Array, sample_weight: Array | None, scale: float, dZ: Array) -> float:
        """Fill dZ with the gradient of the weighted losses times scale; returns their sum. Called by the core.

        Raises
        ------
        ValueError, TypeError
            If the function returns something else than it should.
        """
        losses, given = validation.check_custom_loss(self.function(Z, Y), Z.shape)
        if losses.ndim == 0:
            if sample_weight is not None:
                raise ValueError("a custom loss that returns one number cannot be weighted: let it return one for each sample")
            dZ[:] = given * (len(Z) * scale)
            return float(losses) * len(Z)
        weight = np.ones(len(Z)) if sample_weight is None else sample_weight.astype(np.float64)
        dZ[:] = given * (scale * weight)[:, None]
        return float(losses @ weight)
