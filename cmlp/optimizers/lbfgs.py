"""L-BFGS, which scipy computes."""

from dataclasses import dataclass
from typing import ClassVar

from cmlp import validation
from cmlp.validation import Checks, Hyperparameters


@dataclass(frozen=True)
class LBFGS(Hyperparameters):
    """Limited-memory BFGS on the full batch (Liu and Nocedal 1989), by scipy.optimize.

    For small networks and few samples. An epoch is an iteration, on all samples. It has no learning rate, and of
    regularization it knows l2 alone. Its state is forgotten after a call of fit.

    Parameters
    ----------
    history_size : int, default 10
        Pairs of steps and gradient changes that approximate the Hessian.
    tolerance_grad : float, default 1e-5
        It has converged where no entry of the gradient is larger.
    max_eval : int, optional
        Evaluations of the cost and its gradient; 20 times the epochs unless given.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.logic("xor")
    >>> net = cmlp.Network([2, 8, 1], "tanh", "log_loss", dtype="float64")
    >>> history = net.fit(X, y, optimizer=cmlp.LBFGS(), epochs=100)
    >>> net.predict(X).tolist(), history.stopped
    ([0, 1, 1, 0], 'converged')
    """

    name: ClassVar[str] = "lbfgs"
    needs_full_batch: ClassVar[bool] = True
    checks: ClassVar[Checks] = {
        "history_size": validation.check_positive_integer,
        "tolerance_grad": validation.check_non_negative,
        "max_eval": validation.optional(validation.check_positive_integer),
    }

    history_size: int = 10
    tolerance_grad: float = 1e-5
    max_eval: int | None = None
